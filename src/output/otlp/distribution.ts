/**
 * Distributions as OpenTelemetry's SDKs make them, from our windows. Values that a window brings one by one are put where
 * they belong; a bucket of the sketch (0.4 to 0.8 % wide) goes whole where its middle is.
 */
import { middleOf } from '#stats/octave-tables.js'
import type { OutputRow } from '../types.js'
import type { OtlpBuckets } from './model.js'

/** The SDKs' default bounds. Source: opentelemetry.io, "Metrics SDK", explicit bucket histogram aggregation. */
export const BOUNDS: readonly number[] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]
/** The SDKs' defaults for the other kind. Source: the same page, base2 exponential bucket histogram aggregation. */
const MOST_BUCKETS = 160
const LARGEST_SCALE = 20
const SMALLEST_SCALE = -10

abstract class Distribution {
  count = 0
  sum = 0
  min: number = Number.POSITIVE_INFINITY
  max: number = Number.NEGATIVE_INFINITY

  mergeRow(row: OutputRow): void {
    this.count += row.count
    this.sum += row.sum
    this.min = Math.min(this.min, row.min)
    this.max = Math.max(this.max, row.max)
    if (row.values !== undefined) {
      for (const value of row.values) this.add(value, 1)
      return
    }
    if (row.zeros !== undefined && row.zeros > 0) this.add(0, row.zeros)
    const { buckets = [] } = row
    for (let i = 0; i + 1 < buckets.length; i += 2) {
      const index = buckets[i] ?? 0
      this.add(Math.sign(index) * middleOf(Math.abs(index)), buckets[i + 1] ?? 0)
    }
  }

  protected abstract add(value: number, count: number): void
}

export class ExplicitDistribution extends Distribution {
  readonly bucketCounts: number[] = Array.from({ length: BOUNDS.length + 1 }, () => 0)

  /** A bound belongs to the bucket below it. */
  protected override add(value: number, count: number): void {
    const at = BOUNDS.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? BOUNDS.length : at
    this.bucketCounts[bucket] = (this.bucketCounts[bucket] ?? 0) + count
  }
}

export class ExponentialDistribution extends Distribution {
  zeros = 0
  readonly #positive = new Map<number, number>()
  readonly #negative = new Map<number, number>()

  protected override add(value: number, count: number): void {
    if (value === 0) {
      this.zeros += count
      return
    }
    // By value: how fine the buckets can be is known only when the widest stretch is.
    const side = value > 0 ? this.#positive : this.#negative
    const key = Math.min(Math.abs(value), Number.MAX_VALUE)
    side.set(key, (side.get(key) ?? 0) + count)
  }

  /** As fine as 160 buckets a side allow. */
  buckets(): { readonly scale: number; readonly positive: OtlpBuckets; readonly negative: OtlpBuckets } {
    const scale = Math.min(scaleFor(this.#positive), scaleFor(this.#negative))
    return { scale, positive: bucketsOf(this.#positive, scale), negative: bucketsOf(this.#negative, scale) }
  }
}

function scaleFor(counts: ReadonlyMap<number, number>): number {
  if (counts.size === 0) return LARGEST_SCALE
  const values = [...counts.keys()]
  const min = values.reduce((a, b) => Math.min(a, b))
  const max = values.reduce((a, b) => Math.max(a, b))
  let scale = LARGEST_SCALE
  while (scale > SMALLEST_SCALE && indexAt(max, scale) - indexAt(min, scale) >= MOST_BUCKETS) scale--
  return scale
}

function bucketsOf(counts: ReadonlyMap<number, number>, scale: number): OtlpBuckets {
  if (counts.size === 0) return { offset: 0, bucketCounts: [] }
  const byIndex = new Map<number, number>()
  for (const [value, count] of counts) {
    const index = indexAt(value, scale)
    byIndex.set(index, (byIndex.get(index) ?? 0) + count)
  }
  const offset = [...byIndex.keys()].reduce((a, b) => Math.min(a, b))
  const end = [...byIndex.keys()].reduce((a, b) => Math.max(a, b))
  return {
    offset,
    bucketCounts: Array.from({ length: end - offset + 1 }, (_, i) => String(byIndex.get(offset + i) ?? 0)),
  }
}

/** Bucket `i` holds (base^i, base^(i+1)], its base being 2^(2^-scale). */
function indexAt(value: number, scale: number): number {
  return Math.ceil(Math.log2(value) * 2 ** scale) - 1
}
