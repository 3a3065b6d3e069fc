import type { Series } from './series.js'
import type { TagSet } from './types.js'

/**
 * Makes and interns tag sets: equal content is the same object. Each set remembers where every `with` led, so that
 * repeating one is a comparison of two strings, or a map hit. Sets are never dropped: how many there are is up to the
 * values that callers put in (see `size`).
 */
export class TagRegistry {
  readonly root: InternedTagSet
  readonly #byContent = new Map<string, InternedTagSet>()
  readonly #all: InternedTagSet[] = []

  constructor() {
    this.root = this.intern([])
  }

  get size(): number {
    return this.#all.length
  }

  /** The set of this id; undefined when none was made. */
  byId(id: number): InternedTagSet | undefined {
    return this.#all[id]
  }

  /** The set with exactly these entries, which must be sorted by key and hold each key once. */
  intern(entries: readonly (readonly [string, string])[]): InternedTagSet {
    // Lengths first: no value can imitate the border between two entries.
    let content = ''
    for (const [key, value] of entries) content += `${key.length}:${key}${value.length}:${value}`
    let set = this.#byContent.get(content)
    if (set === undefined) {
      set = new InternedTagSet(this, this.#all.length, entries)
      this.#all.push(set)
      this.#byContent.set(content, set)
    }
    return set
  }
}

export class InternedTagSet implements TagSet {
  readonly id: number
  readonly entries: readonly (readonly [key: string, value: string])[]
  /** What a worker's `MetricStore` keeps for this set, by metric id. It stands here because a hot path has the set in its hand. */
  readonly series: (Series | undefined)[] = []
  readonly #registry: TagRegistry
  readonly #values: ReadonlyMap<string, string>
  #lastKey: string | undefined
  #lastValue: string | undefined
  #lastSet: InternedTagSet | undefined
  #with: Map<string, Map<string, InternedTagSet>> | undefined
  #without: Map<string, InternedTagSet> | undefined

  constructor(registry: TagRegistry, id: number, entries: readonly (readonly [string, string])[]) {
    this.#registry = registry
    this.id = id
    this.entries = entries
    this.#values = new Map(entries)
  }

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  with(key: string, value: string): InternedTagSet {
    // Most sets are followed by one and the same set; this spares two map look-ups.
    if (this.#lastKey === key && this.#lastValue === value) return this.#lastSet!
    let byValue = this.#with?.get(key)
    if (byValue === undefined) {
      byValue = new Map()
      this.#with ??= new Map()
      this.#with.set(key, byValue)
    }
    let set = byValue.get(value)
    if (set === undefined) {
      set = this.#values.get(key) === value ? this : this.#registry.intern(replaced(this.entries, key, value))
      byValue.set(value, set)
    }
    this.#lastKey = key
    this.#lastValue = value
    this.#lastSet = set
    return set
  }

  withAll(tags: Readonly<Record<string, string>>): InternedTagSet {
    return extended(this, tags)
  }

  without(key: string): InternedTagSet {
    if (!this.#values.has(key)) return this
    this.#without ??= new Map()
    let set = this.#without.get(key)
    if (set === undefined) {
      set = this.#registry.intern(this.entries.filter(([k]) => k !== key))
      this.#without.set(key, set)
    }
    return set
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries)
  }
}

function extended(set: InternedTagSet, tags: Readonly<Record<string, string>>): InternedTagSet {
  let out = set
  for (const key of Object.keys(tags)) out = out.with(key, tags[key]!)
  return out
}

function replaced(
  entries: readonly (readonly [string, string])[],
  key: string,
  value: string,
): readonly (readonly [string, string])[] {
  const out = entries.filter(([k]) => k !== key)
  const at = out.findIndex(([k]) => k > key)
  out.splice(at < 0 ? out.length : at, 0, [key, value])
  return out
}
