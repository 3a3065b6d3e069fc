/** How much neighbours of a series know of each other: a hundred seconds of a slow signal are few observations. */
import { mean } from './order.js'
import { theilSen } from './trend.js'

/** Lag-1 autocorrelation; 0 for fewer than 3 values or a constant. */
export function lagOne(values: readonly number[]): number {
  const middle = mean(values)
  let [all, pairs] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    all += (values[i]! - middle) ** 2
    if (i > 0) pairs += (values[i]! - middle) * (values[i - 1]! - middle)
  }
  return values.length < 3 || all === 0 ? 0 : pairs / all
}

/**
 * As many independent values as say the same of the mean: n / (1 + 2 sum of autocorrelations), summed as long as the
 * sums of neighbouring pairs stay positive (Geyer 1992, initial positive sequence).
 * @returns  1..n
 */
export function effectiveSize(values: readonly number[]): number {
  const n = values.length
  if (n < 4) return n
  const middle = mean(values)
  const centred = values.map((value) => value - middle)
  const at = (lag: number): number => {
    let sum = 0
    for (let i = lag; i < n; i++) sum += centred[i]! * centred[i - lag]!
    return sum
  }
  const all = at(0)
  if (all === 0) return n
  let sum = 0
  for (let lag = 1; lag + 1 < n; lag += 2) {
    const pair = (at(lag) + at(lag + 1)) / all
    if (pair <= 0) break
    sum += pair
  }
  return Math.min(n, Math.max(1, n / (1 + 2 * sum)))
}

/**
 * Lag-1 autocorrelation of what is left when a straight line is taken away, corrected for the bias of short series: with
 * a fitted line it comes out low by about (2 + 4 rho) / n (Kendall 1954; Marriott and Pope 1954).
 * @returns  at most 0.999
 */
export function residualLagOne(values: readonly number[], slope: number): number {
  const n = values.length
  const raw = lagOne(values.map((value, i) => value - slope * i))
  return n <= 8 ? raw : Math.min(0.999, (raw * n + 2) / (n - 4))
}

/** Medians of `count` blocks of consecutive values, each block as long as the next within one value. */
export function blockMedians(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * values.length) / count)
    const to = Math.floor(((i + 1) * values.length) / count)
    const block = values.slice(from, to).sort((a, b) => a - b)
    const half = block.length / 2
    return block.length % 2 === 1 ? block[Math.floor(half)]! : (block[half - 1]! + block[half]!) / 2
  })
}

/**
 * Lag-1 autocorrelation of the means of blocks of `length` values of a first-order autoregressive series: what it falls
 * to when neighbours that know `rho` of each other are put together.
 */
export function blockLagOne(rho: number, length: number): number {
  if (length <= 1) return rho
  if (rho <= 0) return 0
  const gone = rho ** length
  const within = length * (1 - rho * rho) - 2 * rho * (1 - gone)
  return (rho * (1 - gone) ** 2) / within
}

/** The straight line by Theil and Sen over the index; 0 for fewer than 2 values. At most 100 points are looked at. */
export function slopeByIndex(values: readonly number[]): number {
  const count = Math.min(values.length, 100)
  const thinned = values.length <= 100 ? values : blockMedians(values, count)
  const step = values.length / Math.max(1, count)
  return (
    (theilSen(
      Array.from({ length: count }, (_, i) => i),
      thinned,
    )?.slope ?? 0) / step
  )
}
