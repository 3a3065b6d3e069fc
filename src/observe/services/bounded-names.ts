/**
 * Names that a server chose and that become tags. A record keeps 2,000 tag sets of a part for the whole run; so each
 * kind of name has its own share, and what comes later is summed up under `other`.
 */
import type { Reading } from '#record/observed.js'

export const OTHER = 'other'

export class BoundedNames {
  readonly #limit: number
  readonly #known = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The name itself if it was kept before or still finds room, else `other`. */
  keep(name: string): string {
    if (this.#known.has(name)) return name
    if (this.#known.size >= this.#limit) return OTHER
    this.#known.add(name)
    return name
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  get isFull(): boolean {
    return this.#known.size >= this.#limit
  }
}

/** Readings with one tag; values of the same name are added. Undefined when there are none. */
export function byTag(tag: string, values: Iterable<readonly [string, number]>): Reading {
  const sums = new Map<string, number>()
  for (const [name, value] of values) sums.set(name, (sums.get(name) ?? 0) + value)
  return sums.size === 0 ? undefined : [...sums].map(([name, value]) => ({ tags: { [tag]: name }, value }))
}
