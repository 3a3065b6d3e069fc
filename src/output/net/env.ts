/** An output's settings from environment variables, by k6's rules. */
import { NS_PER_MS, parseDuration } from '#base/duration.js'
import { outputNotCreated } from '../errors.js'

export type Env = Readonly<Record<string, string | undefined>>

export class EnvReader {
  readonly #output: string
  readonly #env: Env

  /** @param output  its name in `--out`, for messages */
  constructor(output: string, env: Env) {
    this.#output = output
    this.#env = env
  }

  /** undefined when the variable is not there or empty. */
  text(name: string): string | undefined {
    const value = this.#env[name]
    return value === '' ? undefined : value
  }

  /** @throws PW_OUTPUT_CREATE */
  bool(name: string): boolean | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : parseBool(this.#output, name, value)
  }

  /** @throws PW_OUTPUT_CREATE */
  int(name: string): number | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : parseInteger(this.#output, name, value)
  }

  /** Nanoseconds. @throws PW_OUTPUT_CREATE */
  durationNs(name: string): number | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : parseInterval(this.#output, name, value)
  }

  list(name: string): readonly string[] | undefined {
    return this.text(name)?.split(',')
  }
}

export function parseBool(output: string, name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw outputNotCreated(output, `${name} must be true or false, not ${JSON.stringify(value)}`)
}

export function parseInteger(output: string, name: string, value: string): number {
  const number = Number(value)
  if (/^[+-]?\d+$/.test(value) && Number.isSafeInteger(number)) return number
  throw outputNotCreated(output, `${name} must be a whole number, not ${JSON.stringify(value)}`)
}

/** Nanoseconds, at least a millisecond. */
export function parseInterval(output: string, name: string, value: string): number {
  const parsed = parseDuration(value)
  if ('error' in parsed) throw outputNotCreated(output, `${name}: ${parsed.error}`)
  if (parsed.ns <= 0) throw outputNotCreated(output, `metric flush period should be positive but was ${value}`)
  return Math.max(parsed.ns, NS_PER_MS)
}
