/** Stretches of time that were measured, as few disjoint intervals as they make. */
export class Stretches {
  /** Sorted by their begin. */
  readonly #all: [fromNs: number, toNs: number][] = []

  add(fromNs: number, toNs: number): void {
    let i = this.#all.findLastIndex(([from]) => from <= fromNs)
    const before = this.#all[i]
    if (before !== undefined && before[1] >= fromNs) before[1] = Math.max(before[1], toNs)
    else this.#all.splice(++i, 0, [fromNs, toNs])
    // It may have closed the gap to those after it.
    for (;;) {
      const own = this.#all[i]
      const next = this.#all[i + 1]
      if (own === undefined || next === undefined || next[0] > own[1]) return
      own[1] = Math.max(own[1], next[1])
      this.#all.splice(i + 1, 1)
    }
  }

  /** What is not covered from 0 to `untilNs`; gaps shorter than `leastNs` are a tick's lateness. */
  gaps(untilNs: number, leastNs: number): [fromNs: number, toNs: number][] {
    const gaps: [number, number][] = []
    let atNs = 0
    for (const [fromNs, toNs] of this.#all) {
      if (Math.min(fromNs, untilNs) - atNs >= leastNs) gaps.push([atNs, Math.min(fromNs, untilNs)])
      atNs = Math.max(atNs, toNs)
    }
    if (untilNs - atNs >= leastNs) gaps.push([atNs, untilNs])
    return gaps
  }
}
