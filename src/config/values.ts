/**
 * Readers of single values. Each answers the trusted value, or reports what is wrong and answers undefined, so that a
 * person sees every problem of a configuration at once. Where k6 has words for a mistake they are k6's; where k6 prints
 * Go's type names, ours name the option and what it wants.
 */
import { formatDuration, parseDuration } from '#base/duration.js'

/** Something wrong with one option. */
export interface Problem {
  readonly message: string
  /** Path of the option. */
  readonly where: string
  /** k6 ends with 255 for it, not with 104. */
  readonly usage: boolean
}

/** Where a value stands, and where its problems go. */
export class Reading {
  /** Path of the option, `scenarios.a.vus`. */
  readonly name: string
  readonly #problems: Problem[]
  readonly #prefix: string

  /** @param prefix  put before every message: names the variable, where the name alone does not say enough */
  constructor(name: string, problems: Problem[], prefix = '') {
    this.name = name
    this.#problems = problems
    this.#prefix = prefix
  }

  report(message: string): void {
    this.#problems.push({ message: this.#prefix + message, where: this.name, usage: false })
  }

  /** As `report`, for what k6 finds outside its own reading of options; its words need no prefix. */
  reportUsage(message: string): void {
    this.#problems.push({ message, where: this.name, usage: true })
  }

  /** The same for a part of the value: a key of an object, a place in a list. */
  under(part: string | number): Reading {
    const name = typeof part === 'number' ? `${this.name}[${part}]` : `${this.name}.${part}`
    return new Reading(name, this.#problems, this.#prefix)
  }
}

export type Reader<T> = (value: unknown, at: Reading) => T | undefined

/** k6 also takes an integer in a string. */
export const readInt: Reader<number> = (value, at) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'string') {
    if (/^[+-]?\d{1,18}$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value)
    at.report(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
    return undefined
  }
  return expected(at, 'a whole number', value)
}

export const readBool: Reader<boolean> = (value, at) => {
  return typeof value === 'boolean' ? value : expected(at, 'true or false', value)
}

export const readString: Reader<string> = (value, at) => {
  return typeof value === 'string' ? value : expected(at, 'a string', value)
}

/** Nanoseconds. */
export const readDuration: Reader<number> = (value, at) => {
  const result = parseDuration(value)
  if ('ns' in result) return result.ns
  at.report(result.error)
  return undefined
}

export function readOneOf<T extends string>(choices: readonly T[], wrong: (value: string) => string): Reader<T> {
  return (value, at) => {
    if (typeof value !== 'string') return expected(at, 'a string', value)
    const found = choices.find((c) => c === value)
    if (found === undefined) at.report(wrong(value))
    return found
  }
}

export const readStrings: Reader<readonly string[]> = (value, at) => {
  if (!Array.isArray(value)) return expected(at, 'a list of strings', value)
  const list: string[] = []
  for (const [i, item] of value.entries()) {
    if (typeof item === 'string') list.push(item)
    else expected(at.under(i), 'a string', item)
  }
  return list
}

/** A map of strings; null counts as the empty string, as in k6. */
export const readStringMap: Reader<Readonly<Record<string, string>>> = (value, at) => {
  if (!isObject(value)) return expected(at, 'an object of strings', value)
  const map = emptyMap<string>()
  for (const [key, item] of Object.entries(value)) {
    if (item === null) map[key] = ''
    else if (typeof item === 'string') map[key] = item
    else expected(at.under(key), 'a string', item)
  }
  return map
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of plain data with the keys of every object sorted, as Go prints maps. */
export function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep)
  if (!isObject(value)) return value
  const out = emptyMap<unknown>()
  for (const key of Object.keys(value).sort()) out[key] = sortedDeep(value[key])
  return out
}

/** Has no prototype, so a key such as `__proto__` from a file is only a key. */
export function emptyMap<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>
}

/** Sorted by key, as Go prints maps. */
export function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const out = emptyMap<T>()
  for (const key of Object.keys(map).sort()) out[key] = map[key] as T
  return out
}

export function expected(at: Reading, what: string, value: unknown): undefined {
  at.report(`option "${at.name}" must be ${what}, got ${describe(value)}`)
  return undefined
}

export const showDuration = (ns: number): string => formatDuration(ns)

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
