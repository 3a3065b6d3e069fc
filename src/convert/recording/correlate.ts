/**
 * Values that the server made up and the client sent back (CSRF tokens, session ids, keys of what was just created) are
 * taken from the answer at run time. The test for "made up": it stood in an answer before the client ever sent it.
 */
import { Code, type Extract, type RequestStep, type Text } from '../script/model.js'
import { identifier } from '../script/literal.js'
import { isJwt, isToken } from './names.js'
import { findInText, indexSources, indexTokens, type Source, type SourceIndex } from './sources.js'
import type { Visit } from './redirects.js'
import { mapRequest, type Place } from './walk.js'

export interface Correlated {
  readonly steps: readonly RequestStep[]
  /** For the summary: `csrf from the form field of GET /login`. */
  readonly found: readonly CorrelatedValue[]
}

export interface CorrelatedValue {
  readonly variable: string
  readonly from: Extract['from']
  /** Index of the request whose answer has it. */
  readonly request: number
}

/** @param steps  one for each visit, in the same order */
export function correlate(visits: readonly Visit[], steps: readonly RequestStep[], taken: Set<string>): Correlated {
  const indexes: SourceIndex[] = []
  const tokens: ReadonlySet<string>[] = []
  const firstSent = new Map<string, number>()
  const variables = new Map<string, string>()
  const extracts: Extract[][] = steps.map(() => [])
  const found: CorrelatedValue[] = []

  const lookUp = (value: string, place: Place, at: number): Code | undefined => {
    const known = variables.get(value)
    if (known !== undefined) return new Code(known)
    if (!isCandidate(value, place)) return undefined
    const sentAt = firstSent.get(value) ?? Number.POSITIVE_INFINITY
    for (let i = at - 1; i >= 0; i--) {
      if (sentAt <= i) return undefined
      const source = indexes[i]?.get(value)
      const from =
        source !== undefined && isPlausible(value, place, source)
          ? source.from
          : searchText(tokens[i], visits[i], value, place)
      if (from === undefined) continue
      const variable = identifier(variableName(source, from, place), taken)
      taken.add(variable)
      variables.set(value, variable)
      extracts[i]?.push({ variable, from })
      found.push({ variable, from, request: i })
      return new Code(variable)
    }
    return undefined
  }

  const mapped = steps.map((step, at) => {
    const sent: string[] = []
    const visit = (text: string, place: Place): Text | undefined => {
      sent.push(text)
      const whole = lookUp(text, place, at)
      if (whole !== undefined) return [whole]
      if (place.kind !== 'header' && place.kind !== 'text') return undefined
      const pieces = text.split(/([\s;,="'<>&]+)/)
      if (pieces.length === 1 || pieces.length > 200) return undefined
      sent.push(...pieces)
      const answer = pieces.map((piece) =>
        isToken(piece) || isJwt(piece) ? (lookUp(piece, place, at) ?? piece) : piece,
      )
      return answer.some((piece) => piece instanceof Code) ? answer : undefined
    }
    const result = mapRequest(step, visit)
    for (const text of sent) if (!firstSent.has(text)) firstSent.set(text, at)
    indexes.push(indexSources(visits[at]?.response, visits[at]?.responses ?? []))
    tokens.push(indexTokens(visits[at]?.response))
    return result
  })
  return { steps: mapped.map((step, i) => ({ ...step, extracts: [...step.extracts, ...(extracts[i] ?? [])] })), found }
}

const ID_NAME =
  /(?:^|[-_])(?:id|key|token|code|nonce|uuid|guid|number|no|ref|reference|csrf|state)$|(?:Id|ID|Key|Token|Code|Uuid|Number|Ref)$/

function isCandidate(value: string, place: Place): boolean {
  if (value.length < 1 || value.length > 8192 || place.kind === 'cookie') return false
  if (/^(?:true|false|null|0|1|-1)$/.test(value)) return false
  return isToken(value) || isJwt(value) || /^[\w.:+/=~-]+$/.test(value)
}

function isPlausible(value: string, place: Place, source: Source): boolean {
  const sameName = place.name !== '' && plainName(place.name) === plainName(source.name)
  if (isToken(value) || isJwt(value)) return true
  // A field that was made to be sent back.
  if (source.hidden && sameName) return true
  if (source.inList || !ID_NAME.test(source.name)) return false
  // Short numbers are everywhere: only the key of one thing, in a path or under a name that says so.
  if (place.kind === 'path') return /^\d+$/.test(value) || value.length >= 4
  return sameName || ID_NAME.test(place.name)
}

/** The server's word for it before the client's. */
function variableName(source: Source | undefined, from: Extract['from'], place: Place): string {
  if (source !== undefined && source.name !== '') return source.name
  const word = from.kind === 'between' ? /([A-Za-z][\w-]{2,30})[^A-Za-z]*$/.exec(from.before)?.[1] : undefined
  return word ?? (place.name === 'Authorization' ? 'token' : place.name || 'token')
}

function plainName(name: string): string {
  return name.replace(/^x-/i, '').replace(/[-_]/g, '').toLowerCase()
}

/** A link that was followed is a choice, unless it holds a token of some length. */
function searchText(
  tokens: ReadonlySet<string> | undefined,
  visit: Visit | undefined,
  value: string,
  place: Place,
): Extract['from'] | undefined {
  const body = visit?.response?.body
  if (body === undefined || tokens?.has(value) !== true) return undefined
  return place.kind === 'path' && value.length < 16 ? undefined : findInText(body, value)
}
