/** Shares of a whole: error ratios, rates, checks. */
import { normalQuantile } from './distributions.js'
import type { Interval } from './order.js'

/** Wilson's interval (1927) of a proportion: holds its level near 0 and 1 too. @returns 0..1 for no trials */
export function wilson(hits: number, trials: number, confidence = 0.95): Interval {
  if (trials === 0) return { low: 0, high: 1 }
  const z = normalQuantile(0.5 + confidence / 2)
  const p = hits / trials
  const middle = (p + (z * z) / (2 * trials)) / (1 + (z * z) / trials)
  const reach = (z / (1 + (z * z) / trials)) * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))
  return {
    low: hits === 0 ? 0 : Math.max(0, middle - reach),
    high: hits === trials ? 1 : Math.min(1, middle + reach),
  }
}

/** Interval of the difference `b - a` of two proportions (Newcombe 1998, method 10), from their Wilson intervals. */
export function newcombe(
  a: { readonly hits: number; readonly trials: number },
  b: { readonly hits: number; readonly trials: number },
  confidence = 0.95,
): { readonly value: number } & Interval {
  const [pa, pb] = [a.hits / a.trials, b.hits / b.trials]
  const [wa, wb] = [wilson(a.hits, a.trials, confidence), wilson(b.hits, b.trials, confidence)]
  const value = pb - pa
  return {
    value,
    low: value - Math.hypot(pb - wb.low, wa.high - pa),
    high: value + Math.hypot(wb.high - pb, pa - wa.low),
  }
}

/**
 * How many trials without a single failure it takes to show, with this confidence, that fewer than `ratio` of all fail:
 * ln(1 - confidence) / ln(1 - ratio), about 3 / ratio ("rule of three", Hanley and Lippman-Hand 1983).
 */
export function trialsToShow(ratio: number, confidence = 0.95): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log1p(-ratio))
}
