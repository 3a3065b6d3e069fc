/** Order statistics of plain arrays. */
import { binomialCdf } from './distributions.js'

/** An estimate with its confidence interval. */
export interface Interval {
  readonly low: number
  readonly high: number
}

export function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

/**
 * Value at rank `q * (n - 1)` with linear interpolation (type 7 of Hyndman and Fan 1996), as the sketch has it.
 * @returns  undefined for an empty list
 */
export function quantileOf(values: readonly number[], q: number): number | undefined {
  return sortedQuantile(ascending(values), q)
}

/** As `quantileOf`, of values that are in order already. */
export function sortedQuantile(sorted: readonly number[], q: number): number | undefined {
  if (sorted.length === 0) return undefined
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (high - low) * (at - below)
}

/** Undefined for an empty list. */
export function median(values: readonly number[]): number | undefined {
  return quantileOf(values, 0.5)
}

/**
 * Median absolute deviation from the median, times 1.4826: the standard deviation, were the values normal.
 * @returns  undefined for an empty list
 */
export function mad(values: readonly number[]): number | undefined {
  const middle = median(values)
  if (middle === undefined) return undefined
  return 1.482602218505602 * median(values.map((value) => Math.abs(value - middle)))!
}

export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** Sample variance (divided by n - 1); 0 for fewer than two values. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return 0
  const middle = mean(values)
  let sum = 0
  for (const value of values) sum += (value - middle) ** 2
  return sum / (values.length - 1)
}

/**
 * Ranks (from 0) of the two order statistics between which the quantile of the distribution lies with at least this
 * confidence, whatever the distribution: the number of values below it is binomial.
 * @returns  `low` undefined (`high` undefined) when even the least (greatest) value is not far enough out: n is too
 *   small to bound the quantile on that side
 * @remarks  Takes the values as independent. Source: David and Nagaraja, Order Statistics, section 7.1.
 */
export function quantileRanks(
  n: number,
  q: number,
  confidence = 0.95,
): { readonly low: number | undefined; readonly high: number | undefined } {
  const each = (1 - confidence) / 2
  // P(B <= k) is the chance that value number k (from 0) lies above the quantile.
  const low = leastWhere(0, n, (k) => binomialCdf(k, n, q) > each) - 1
  const high = leastWhere(0, n, (k) => binomialCdf(k, n, q) >= 1 - each)
  return { low: low < 0 ? undefined : low, high: high > n - 1 ? undefined : high }
}

/** The confidence interval of `quantileRanks` for these values. An open side is infinite. */
export function quantileInterval(values: readonly number[], q: number, confidence = 0.95): Interval {
  const sorted = ascending(values)
  const { low, high } = quantileRanks(sorted.length, q, confidence)
  return {
    low: low === undefined ? Number.NEGATIVE_INFINITY : sorted[low]!,
    high: high === undefined ? Number.POSITIVE_INFINITY : sorted[high]!,
  }
}

function leastWhere(from: number, to: number, holds: (k: number) => boolean): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
