import type { LoadSecond } from './load-seconds.js'

/** Enough seconds to know what is usual. */
const usualSeconds = 8
const slower = 2.5
const failing = 0.05

/**
 * Tells, while the run goes on, that a second is worth a closer look: errors or latency far above what was usual so far.
 * This decides what evidence is kept, and nothing else: judging bad windows is the diagnosis's, with the whole run at hand.
 */
export class BadSeconds {
  readonly #latencies: number[] = []
  readonly #failures: number[] = []
  #slowBefore = false

  /** @returns why the second is bad */
  add({ count, failed, meanMs }: LoadSecond): string | undefined {
    if (count === 0 || meanMs === undefined) return undefined
    const ratio = failed / count
    const known = this.#latencies.length >= usualSeconds
    const usualMs = median(this.#latencies)
    const isSlow = known && meanMs > slower * usualMs && meanMs > usualMs + 5
    const isFailing = ratio > failing && (!known || ratio > 3 * median(this.#failures))
    this.#latencies.push(meanMs)
    this.#failures.push(ratio)
    if (this.#latencies.length > 600) {
      this.#latencies.shift()
      this.#failures.shift()
    }
    const twice = isSlow && this.#slowBefore
    this.#slowBefore = isSlow
    if (isFailing) return `${Math.round(ratio * 100)} % of requests failed`
    if (twice) return `latency ${Math.round(meanMs)} ms, usually ${Math.round(usualMs)} ms`
    return undefined
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}
