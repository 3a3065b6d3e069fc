/** How much neighbours of a series know of each other: a hundred seconds of a slow signal are few observations. */
import { mad, mean } from './order.js'

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
 * Lag-1 autocorrelation of what is left when a parabola is taken away: growth itself, steady or not, is no noise. Outliers
 * are drawn in to three deviations, since one would hide the rest. Corrected for the bias of short series, which with a
 * fitted curve is about -(3 + 6 rho) / n (after Kendall 1954 and Marriott and Pope 1954; the factor by simulation).
 * @returns  at most 0.999
 */
export function residualLagOne(values: readonly number[]): number {
  const n = values.length
  const left = withoutParabola(values)
  const reach = 3 * (mad(left) ?? 0)
  const raw = lagOne(reach === 0 ? left : left.map((value) => Math.max(-reach, Math.min(reach, value))))
  return n <= 12 ? raw : Math.min(0.999, (raw * n + 3) / (n - 6))
}

/** Least squares by polynomials that are orthogonal over the index. */
function withoutParabola(values: readonly number[]): number[] {
  const n = values.length
  const ts = values.map((_, i) => i - (n - 1) / 2)
  const square = mean(ts.map((t) => t * t))
  const shapes = [ts.map(() => 1), ts, ts.map((t) => t * t - square)]
  let left = [...values]
  for (const shape of shapes) {
    const size = shape.reduce((sum, value) => sum + value * value, 0)
    if (size === 0) continue
    const weight = shape.reduce((sum, value, i) => sum + value * left[i]!, 0) / size
    left = left.map((value, i) => value - weight * shape[i]!)
  }
  return left
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
