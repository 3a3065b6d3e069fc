/**
 * A Prometheus native histogram made from our windows. Buckets grow by 2^(1/8) = 1.09, the schema that k6 asks for with
 * its factor of 1.1. Values that a window brings one by one are put where they belong; a bucket of the sketch (0.4 to
 * 0.8 % wide) goes whole where its middle is, so that at the borders some land one bucket beside.
 * Source: prometheus.io, "Native histograms"; the remote write protocol, message Histogram.
 */
import { middleOf } from '#stats/octave-tables.js'
import type { OutputRow } from '../types.js'

export const SCHEMA = 3
/** Values nearer to 0 are counted as 0: what the Prometheus client library takes by default. */
export const ZERO_THRESHOLD: number = 2 ** -128
const BUCKETS_PER_OCTAVE = 2 ** SCHEMA

/** Populated buckets as the protocol has them: stretches of neighbours, and each count as a difference to the one before. */
export interface HistogramBuckets {
  readonly spans: readonly { readonly offset: number; readonly length: number }[]
  readonly deltas: readonly number[]
}

export class NativeHistogram {
  readonly #scale: number
  readonly #positive = new Map<number, number>()
  readonly #negative = new Map<number, number>()
  count = 0
  sum = 0
  zeros = 0

  /** @param scale  from the unit of the samples to the base unit: 0.001 for milliseconds */
  constructor(scale: number) {
    this.#scale = scale
  }

  mergeRow(row: OutputRow): void {
    this.count += row.count
    this.sum += row.sum * this.#scale
    if (row.values !== undefined) {
      for (const value of row.values) this.#add(value, 1)
      return
    }
    this.zeros += row.zeros ?? 0
    const { buckets = [] } = row
    for (let i = 0; i + 1 < buckets.length; i += 2) {
      const index = buckets[i] ?? 0
      this.#add(Math.sign(index) * middleOf(Math.abs(index)), buckets[i + 1] ?? 0)
    }
  }

  get positive(): HistogramBuckets {
    return bucketsOf(this.#positive)
  }

  get negative(): HistogramBuckets {
    return bucketsOf(this.#negative)
  }

  #add(value: number, count: number): void {
    const scaled = value * this.#scale
    const magnitude = Math.abs(scaled)
    if (magnitude <= ZERO_THRESHOLD) {
      this.zeros += count
      return
    }
    const side = scaled > 0 ? this.#positive : this.#negative
    const index = bucketIndex(magnitude)
    side.set(index, (side.get(index) ?? 0) + count)
  }
}

/** Number of the bucket that holds the value: its upper bound, which belongs to it, is 2^(index/8). */
export function bucketIndex(value: number): number {
  if (!Number.isFinite(value)) return 1024 * BUCKETS_PER_OCTAVE + 1
  const guess = Math.ceil(Math.log2(value) * BUCKETS_PER_OCTAVE)
  // The logarithm may err by a hair at a bound; the bounds themselves decide.
  if (value > upperBound(guess)) return guess + 1
  return value <= upperBound(guess - 1) ? guess - 1 : guess
}

function upperBound(index: number): number {
  const octave = Math.floor(index / BUCKETS_PER_OCTAVE)
  const part = index - octave * BUCKETS_PER_OCTAVE
  return 2 ** (part / BUCKETS_PER_OCTAVE) * 2 ** octave
}

function bucketsOf(counts: ReadonlyMap<number, number>): HistogramBuckets {
  const spans: { offset: number; length: number }[] = []
  const deltas: number[] = []
  let end = 0
  let before = 0
  for (const [index, count] of [...counts].sort(([a], [b]) => a - b)) {
    const span = spans.at(-1)
    const gap = index - end
    if (span === undefined || gap > 2) spans.push({ offset: gap, length: 1 })
    else {
      // Up to two empty buckets cost less than a span of their own.
      span.length += gap + 1
      for (let i = 0; i < gap; i++) {
        deltas.push(-before)
        before = 0
      }
    }
    deltas.push(count - before)
    before = count
    end = index + 1
  }
  return { spans, deltas }
}
