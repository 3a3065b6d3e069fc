/** Confidence intervals of quantiles that come from sketches of consecutive stretches of one run. */
import { stretchInterval } from './bootstrap.js'
import { indexOf } from './octave-tables.js'
import { type Interval, quantileRanks } from './order.js'
import { RELATIVE_ERROR, Sketch } from './sketch.js'

/**
 * Interval of the quantile over the whole: the wider of two. The order statistics between which it lies if requests were
 * independent (binomial), and those at the shares that a block bootstrap of the stretches gives, since requests of the
 * same seconds share their fate (Woodruff 1952: an interval of the share below the estimate, turned into values).
 * Widened by the sketch's relative error.
 * @param parts  sketches of stretches of about equal length, in time order
 * @returns  undefined when empty; an open side (too few values beyond the quantile) is infinite
 */
export function sketchQuantileInterval(
  parts: readonly Sketch[],
  q: number,
  confidence = 0.95,
): ({ readonly value: number; readonly count: number } & Interval) | undefined {
  const whole = new Sketch()
  for (const part of parts) whole.merge(part)
  const { count } = whole
  const value = whole.quantile(q)
  if (value === undefined) return undefined
  const ranks = quantileRanks(count, q, confidence)
  const below = parts
    .filter((part) => part.count > 0)
    .map((part) => ({ n: part.count, below: countBelow(part, value) }))
  const shares = stretchInterval(
    below,
    (sample) => sample.reduce((sum, one) => sum + one.below, 0) / sample.reduce((sum, one) => sum + one.n, 0),
    { confidence },
  )!
  // Where fewer values lie below the estimate in a resampled run, the quantile lies further up.
  const centre = below.reduce((sum, one) => sum + one.below, 0) / count
  const last = count - 1
  const lowShare = Math.min((ranks.low ?? 0) / last, q - (shares.high - centre))
  const highShare = Math.max((ranks.high ?? last) / last, q + (centre - shares.low))
  const at = (share: number): number => whole.quantile(Math.min(1, Math.max(0, share)))!
  // An open side stays open: nothing of infinity is no number.
  const widened = (side: number, sign: 1 | -1): number =>
    whole.exact || !Number.isFinite(side) ? side : side + sign * RELATIVE_ERROR * Math.abs(side)
  const low = count < 2 || ranks.low === undefined ? Number.NEGATIVE_INFINITY : at(lowShare)
  const high = count < 2 || ranks.high === undefined ? Number.POSITIVE_INFINITY : at(highShare)
  return { value, count, low: widened(low, -1), high: widened(high, 1) }
}

/** Values below the bucket in which `value` lies, and half of those in it. Indices of buckets are in the order of values. */
function countBelow(sketch: Sketch, value: number): number {
  const sparse = sketch.toSparse()
  const key = value === 0 ? 0 : value > 0 ? indexOf(value) : -indexOf(-value)
  let below = key > 0 ? sketch.zeros : key === 0 ? sketch.zeros / 2 : 0
  for (let i = 0; i < sparse.length; i += 2) {
    const at = sparse[i]!
    if (at < key) below += sparse[i + 1]!
    else if (at === key) below += sparse[i + 1]! / 2
  }
  return below
}
