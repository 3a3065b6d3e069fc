/** Host patterns of `hosts` and `blockHostnames`: exact names, or a leading `*` that stands for any beginning. */

export class HostPatterns<T> {
  readonly #exact = new Map<string, T>()
  /** Longest first: the most specific wildcard wins. */
  readonly #suffixes: { readonly pattern: string; readonly suffix: string; readonly value: T }[] = []

  constructor(entries: Iterable<readonly [pattern: string, value: T]>) {
    for (const [raw, value] of entries) {
      const pattern = raw.toLowerCase()
      if (pattern.startsWith('*')) this.#suffixes.push({ pattern, suffix: pattern.slice(1), value })
      else this.#exact.set(pattern, value)
    }
    this.#suffixes.sort((a, b) => b.suffix.length - a.suffix.length)
  }

  get empty(): boolean {
    return this.#exact.size === 0 && this.#suffixes.length === 0
  }

  match(name: string): { readonly pattern: string; readonly value: T } | undefined {
    const lower = name.toLowerCase()
    if (this.#exact.has(lower)) return { pattern: lower, value: this.#exact.get(lower) as T }
    return this.#suffixes.find(({ suffix }) => lower.endsWith(suffix))
  }
}
