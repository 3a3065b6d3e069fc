/**
 * Secrets leave the script: passwords, keys, tokens, cookies become `secrets.NAME`, given at run time. A value that is a
 * secret in one place is one everywhere, so that it cannot come back through a header, a URL or a comment.
 */
import { Code, type Secret, type Text } from '../script/model.js'
import { constantName, quote, textLiteral } from '../script/literal.js'
import { tryText } from '../input/bytes.js'
import { isJwt, isToken } from './names.js'
import type { Place } from './walk.js'

const SECRET_NAME =
  /pass(?:word|wd|phrase|code|wort)|^pass$|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|auth(?:orization)?$|^auth|credential|^otp|^pin$|^cvv|^cvc|card[-_]?n(?:umber|o$)|^ssn$|signature$|^sig$|^sid$|session(?:[-_]?id)?$|csrf|xsrf|^jwt$|^code[-_]verifier$/i

export class Secrets {
  /** Some expression made here uses k6/encoding. */
  needsEncoding = false
  readonly #byValue = new Map<string, string>()
  /** Secrets in another form, which must stay out of the script too. */
  readonly #encoded = new Set<string>()
  readonly #found: Secret[] = []
  /** Names that the script uses already. */
  readonly #taken: Set<string>

  constructor(taken: Set<string>) {
    this.#taken = taken
  }

  get found(): readonly Secret[] {
    return this.#found
  }

  /** The value's name, a new one when it has none. */
  add(value: string, wanted: string, what: string): Code {
    let name = this.#byValue.get(value)
    if (name === undefined) {
      name = constantName(wanted, this.#taken)
      this.#taken.add(name)
      this.#byValue.set(value, name)
      this.#found.push({ name, what })
    }
    return new Code(`secrets.${name}`)
  }

  /** The text with its secret replaced when it is one, by its name or by its look. */
  inPlace(text: string, place: Place): Text | undefined {
    if (place.kind === 'cookie') return [this.add(text, `cookie ${place.name}`, `cookie ${place.name}`)]
    if (place.kind === 'header' && /^(?:proxy-)?authorization$/i.test(place.name)) return this.#authorization(text)
    const known = this.#byValue.get(text)
    if (known !== undefined) return [new Code(`secrets.${known}`)]
    if (isSecretName(place) && isWorthHiding(text)) return [this.add(text, place.name, `${place.kind} ${place.name}`)]
    if (isJwt(text))
      return [this.add(text, place.name === '' ? 'token' : place.name, `a JSON Web Token in the ${place.kind}`)]
    return undefined
  }

  /** Long secrets anywhere inside a text. */
  inside(text: string): Text | undefined {
    let parts: Text = [text]
    for (const [value, name] of this.#byValue) {
      if (value.length < MIN_INSIDE) continue
      parts = parts.flatMap((part) =>
        part instanceof Code || !part.includes(value)
          ? [part]
          : part.split(value).flatMap((piece, i) => (i === 0 ? [piece] : [new Code(`secrets.${name}`), piece])),
      )
    }
    return parts.length === 1 ? undefined : parts
  }

  /** For comments and names, which cannot hold an expression. */
  mask(text: string): string {
    let masked = text
    for (const value of [...this.#byValue.keys(), ...this.#encoded])
      if (value.length >= MIN_MASK) masked = masked.replaceAll(value, '***')
    return masked
  }

  /**
   * The last look at the finished text: what is drawn at random and got there all the same is blotted out.
   * @returns also the names whose value is a common word that stands in the text, for a warning
   */
  blot(text: string): { readonly text: string; readonly words: readonly string[] } {
    let clean = text
    for (const value of this.#encoded) clean = clean.replaceAll(value, '***')
    const words: string[] = []
    for (const [value, name] of this.#byValue) {
      const written = quote(value).slice(1, -1)
      if (value.length < MIN_INSIDE || !clean.includes(written)) continue
      if (isToken(value) || isJwt(value)) clean = clean.replaceAll(written, '***')
      else words.push(name)
    }
    return { text: clean, words }
  }

  #authorization(text: string): Text | undefined {
    // "Bearer " before a token that is taken from an answer.
    if (/^[\w-]+\s+$/.test(text)) return undefined
    const [, scheme, rest] = /^(\S+)\s+(.+)$/s.exec(text) ?? []
    if (scheme === undefined || rest === undefined || !/^[\w-]+$/.test(scheme))
      return [this.add(text, 'authorization', 'header Authorization')]
    const pair = scheme.toLowerCase() === 'basic' ? userAndPassword(rest) : undefined
    if (pair !== undefined) {
      this.needsEncoding = true
      // The encoded form too must stay out of the script.
      this.#encoded.add(rest)
      const text: Text = [`${pair.user}:`, this.add(pair.password, 'password', 'the password of Authorization: Basic')]
      return [`${scheme} `, new Code(`encoding.b64encode(${textLiteral(text)})`)]
    }
    if (scheme.toLowerCase() === 'bearer')
      return [`${scheme} `, this.add(rest, 'bearer token', 'header Authorization, without "Bearer"')]
    return [`${scheme} `, this.add(rest, `${scheme} authorization`, `header Authorization, without "${scheme}"`)]
  }
}

/** RFC 7617; undefined for what is no such pair. */
function userAndPassword(base64: string): { user: string; password: string } | undefined {
  const text = tryText(Buffer.from(base64, 'base64'))
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 0 || colon === text.length - 1) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Shorter ones are words of their own right: an account `demo` with the password `demo`. */
const MIN_INSIDE = 8
const MIN_MASK = 6

export function isSecretName({ kind, name }: Place): boolean {
  if (kind === 'path' || kind === 'text') return false
  if (kind === 'header') return SECRET_NAME.test(name.replace(/^x-/i, '')) || /api-?key|auth/i.test(name)
  return SECRET_NAME.test(name)
}

function isWorthHiding(text: string): boolean {
  return text !== '' && !/^(?:true|false|null|undefined|0|1)$/i.test(text)
}
