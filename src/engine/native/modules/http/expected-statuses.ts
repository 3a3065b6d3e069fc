/** `http.expectedStatuses`: which statuses are no failure (`http_req_failed`, tag `expected_response`). */
import type { Realm } from '../../types.js'

export class ExpectedStatuses {
  readonly #ranges: readonly (readonly [min: number, max: number])[]

  constructor(ranges: readonly (readonly [min: number, max: number])[]) {
    this.#ranges = ranges
  }

  matches(status: number): boolean {
    for (const [min, max] of this.#ranges) if (min <= status && status <= max) return true
    return false
  }

  or(other: ExpectedStatuses): ExpectedStatuses {
    return new ExpectedStatuses([...this.#ranges, ...other.#ranges])
  }
}

/** k6's default. */
export const successStatuses: ExpectedStatuses = new ExpectedStatuses([[200, 399]])

const known = new WeakMap<object, ExpectedStatuses>()

/** The rule behind a value that a script holds; undefined when it is none. */
export function expectedStatusesOf(value: unknown): ExpectedStatuses | undefined {
  return typeof value === 'object' && value !== null ? known.get(value) : undefined
}

/** @throws the realm's errors in k6's words */
export function makeExpectedStatuses(realm: Realm, args: readonly unknown[]): object {
  if (args.length === 0) throw new realm.GoError('no arguments')
  const ranges: [number, number][] = []
  for (const [i, arg] of args.entries()) {
    if (arg === null || arg === undefined) throw new realm.TypeError('Cannot convert undefined or null to object')
    if (Number.isInteger(arg)) {
      ranges.push([arg as number, arg as number])
      continue
    }
    const { min, max } = arg as { min?: unknown; max?: unknown }
    if (min === undefined || max === undefined) {
      throw new realm.GoError(
        `argument number ${i + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`,
      )
    }
    if (!Number.isInteger(min) || !Number.isInteger(max)) {
      throw new realm.GoError(`both min and max need to be integers for argument number ${i + 1}`)
    }
    ranges.push([min as number, max as number])
  }
  const value = new realm.Object()
  known.set(value, new ExpectedStatuses(ranges))
  return value
}
