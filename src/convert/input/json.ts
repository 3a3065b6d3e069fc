/** JSON of unknown origin: a parse with line and column in the error, and a cursor that names the place of what is amiss. */
import { brokenInput, tooLarge } from '../errors.js'

/** Deeper than any real recording, shallow enough for every recursion over it. */
export const MAX_DEPTH = 100

/** @throws PW_CONVERT_INPUT with line and column, PW_CONVERT_TOO_LARGE when nested too deep */
export function parseJson(text: string, name: string): Json {
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown
  } catch (error) {
    const { message } = error as Error
    const at = /position (\d+)/.exec(message)?.[1]
    const offset = at === undefined ? text.length : Number(at)
    throw brokenInput(
      `This is no JSON: ${message.replace(/ in JSON at position.*| \(line.*|, ".*$/s, '')}.`,
      `${name}:${lineAndColumn(text, offset)}`,
      'export the file again; a file that was cut short ends in the middle',
      error,
    )
  }
  assertDepth(value, name)
  return new Json(value, name, '')
}

/** `12:3`, both from one. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${before.length - (before.lastIndexOf('\n') + 1) + 1}`
}

/** Walks without recursion, because depth is what is in question. */
export function assertDepth(root: unknown, name: string): void {
  let level: unknown[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw tooLarge(
        `The input is nested deeper than ${MAX_DEPTH} levels.`,
        name,
        'cut the part that is nested so deep',
      )
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value))
        if (typeof item === 'object' && item !== null) next.push(item)
    }
    level = next
  }
}

/** A value and where it stands (RFC 6901), so that every complaint can name its place. */
export class Json {
  readonly value: unknown
  readonly #name: string
  readonly pointer: string

  constructor(value: unknown, name: string, pointer: string) {
    this.value = value
    this.#name = name
    this.pointer = pointer
  }

  get where(): string {
    return `${this.#name}#${this.pointer}`
  }

  get(key: string): Json {
    const { value } = this
    const inside =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined
    return new Json(inside, this.#name, `${this.pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }

  get isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value)
  }

  get isMissing(): boolean {
    return this.value === undefined || this.value === null
  }

  /** Text, or undefined for anything else. */
  get text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined
  }

  /** A finite number, or undefined. */
  get number(): number | undefined {
    return typeof this.value === 'number' && Number.isFinite(this.value) ? this.value : undefined
  }

  /** Items of an array; none for anything else. */
  get items(): readonly Json[] {
    if (!Array.isArray(this.value)) return []
    return (this.value as unknown[]).map((item, i) => new Json(item, this.#name, `${this.pointer}/${i}`))
  }

  /** Entries of an object; none for anything else. */
  get entries(): readonly (readonly [string, Json])[] {
    return this.isObject ? Object.keys(this.value as object).map((key) => [key, this.get(key)] as const) : []
  }

  /** @throws PW_CONVERT_INPUT when there is no text */
  needText(what: string): string {
    if (typeof this.value === 'string') return this.value
    throw this.#wrong(what, 'text')
  }

  /** @throws PW_CONVERT_INPUT when there is no array */
  needItems(what: string): readonly Json[] {
    if (Array.isArray(this.value)) return this.items
    throw this.#wrong(what, 'a list')
  }

  /** @throws PW_CONVERT_INPUT when there is no object */
  needObject(what: string): this {
    if (this.isObject) return this
    throw this.#wrong(what, 'an object')
  }

  #wrong(what: string, kind: string): Error {
    const found = this.value === undefined ? 'nothing' : this.value === null ? 'null' : typeOf(this.value)
    return brokenInput(
      `${what} must be ${kind}; there is ${found}.`,
      this.where,
      'export the file again, or mend it by hand',
    )
  }
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
