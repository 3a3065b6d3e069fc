/** Wall clock at the start of the load: the median of what the first windows say, each by its own end. */
import type { WindowSpan } from '../types.js'

const ENOUGH = 100

export class StartTime {
  readonly #starts: number[] = []

  add({ unixMs, toNs }: WindowSpan): void {
    if (this.#starts.length < ENOUGH) this.#starts.push(unixMs - toNs / 1e6)
  }

  unixMs(): number | undefined {
    return this.#starts.toSorted((a, b) => a - b)[this.#starts.length >> 1]
  }
}
