/**
 * Whether a slow signal of a long run (memory, descriptors, latency) grows, without crying wolf over autocorrelation.
 *
 * Neighbouring seconds of such a signal know of each other, and a trend test that takes them as independent finds trends
 * in noise (at a correlation of 0.95 in most runs). So the series is cut into blocks long enough that their medians are
 * nearly independent, as the correlation at the finest level foretells and that of the blocks confirms; Mann and
 * Kendall's test and Theil and Sen's slope then work on the block medians. Where a run is too short for that, the
 * increments of a coarse sampling are tested instead (Wilcoxon's signed ranks): under a random walk, the worst case of
 * correlation, they are independent, under anything calmer they balance each other, so that test errs to the safe side;
 * it sees gross growth only, and otherwise the answer is to run longer.
 *
 * Measured false-alarm rates and smallest slopes: docs/statistics.md, printed by `npm run bench -- statistics`.
 */
import { blockLagOne, blockMedians, residualLagOne, slopeByIndex } from './autocorrelation.js'
import { normalQuantile } from './distributions.js'
import { mad, mean, variance } from './order.js'
import { signedRank } from './ranks.js'
import { mannKendall, theilSen } from './trend.js'

export interface Growth {
  /** Per unit of `x`, with its 95 % interval. */
  readonly slope: number
  readonly low: number
  readonly high: number
  /** Two-sided. */
  readonly p: number
  /** Smallest slope that would have been found in 4 of 5 such runs at `alpha`. */
  readonly detectable: number
  /** `blocks` = independent block medians; `increments` = too correlated for that, gross growth can be told only. */
  readonly method: 'blocks' | 'increments'
  readonly blocks: number
  /** Lag-1 autocorrelation of the values around their line. */
  readonly correlation: number
  /** Slope of the later half as a share of the whole's: near 0 = it levelled off. */
  readonly lateShare: number
}

/** The later half must have this share of the whole's slope: what only grew at first has levelled off. */
const goesOnAbove = 1 / 3

/** Whether it moves, by a test at this level, and still did so in the later half. @param p  adjusted, where many are tested */
export function isMoving(growth: Growth, level: number, p: number = growth.p): boolean {
  return p < level && growth.lateShare >= goesOnAbove
}

/** Block medians may know this much of each other; the rest is put on the variance. */
const independentBelow = 0.1
/** With fewer blocks Mann and Kendall's test cannot reach a level of 0.001. */
const fewestBlocks = 8
/** More are no better: a leak shows in ten as in a thousand, and pairs grow with the square. */
const mostBlocks = 120
const mostIncrements = 24

/**
 * @param x      ascending; seconds
 * @param values one for each x
 * @param alpha  level for which `detectable` is stated
 * @returns  undefined with fewer than 16 values or when all are the same
 */
export function growthOf(x: readonly number[], values: readonly number[], alpha = 0.01): Growth | undefined {
  const n = values.length
  if (n < 16 || values.every((value) => value === values[0])) return undefined
  const correlation = residualLagOne(values, slopeByIndex(values))
  const count = independentBlocks(values, correlation)
  const found = count >= fewestBlocks ? byBlocks(x, values, count, alpha) : byIncrements(x, values, alpha)
  return { ...found, correlation }
}

type Found = Omit<Growth, 'correlation'>

function independentBlocks(values: readonly number[], correlation: number): number {
  const n = values.length
  let count = Math.min(n, mostBlocks)
  count = Math.min(count, Math.floor(n / lengthFor(correlation)))
  // A slow part under fast noise shows in the blocks only: look again at each level.
  while (count >= fewestBlocks) {
    const medians = blockMedians(values, count)
    const left = residualLagOne(medians, slopeByIndex(medians))
    if (left <= independentBelow + 1 / Math.sqrt(count)) return count
    count = Math.floor(count / Math.max(1.3, lengthFor(Math.min(left, 0.95)) / 2))
  }
  return count
}

/** Length of blocks whose lag-1 correlation is foretold to be low enough. */
function lengthFor(correlation: number): number {
  let length = 1
  while (blockLagOne(correlation, length) > independentBelow && length < 1e6) length = Math.ceil(length * 1.2)
  return length
}

function byBlocks(x: readonly number[], values: readonly number[], count: number, alpha: number): Found {
  const times = blockMedians(x, count)
  const medians = blockMedians(values, count)
  const inflation = (1 + independentBelow) / (1 - independentBelow)
  const { p } = mannKendall(medians, inflation)
  const line = theilSen(times, medians, { inflation })!
  const left = medians.map((value, i) => value - line.slope * times[i]!)
  const spread = Math.max(mad(left)!, Math.sqrt(variance(left)) / 2)
  const middle = mean(times)
  const sxx = times.reduce((sum, at) => sum + (at - middle) ** 2, 0)
  return {
    slope: line.slope,
    low: line.low,
    high: line.high,
    p,
    detectable: (reachOf(alpha) * spread * Math.sqrt(inflation)) / Math.sqrt(efficiency * sxx),
    method: 'blocks',
    blocks: count,
    lateShare: lateShare(times, medians, line.slope),
  }
}

function byIncrements(x: readonly number[], values: readonly number[], alpha: number): Found {
  const count = Math.min(mostIncrements, Math.floor((values.length - 1) / 2))
  const at = Array.from({ length: count + 1 }, (_, i) => Math.round((i * (values.length - 1)) / count))
  const increments = at.slice(1).map((to, i) => values[to]! - values[at[i]!]!)
  const stretch = x.at(-1)! - x[0]!
  const { p } = signedRank(increments)
  const slope = (values.at(-1)! - values[0]!) / stretch
  const error = (Math.sqrt(variance(increments)) * Math.sqrt(count)) / stretch
  const times = at.map((i) => x[i]!)
  const sampled = at.map((i) => values[i]!)
  return {
    slope,
    low: slope - normalQuantile(0.975) * error,
    high: slope + normalQuantile(0.975) * error,
    p,
    detectable: (reachOf(alpha) * error) / Math.sqrt(efficiency),
    method: 'increments',
    blocks: count,
    lateShare: lateShare(times, sampled, slope),
  }
}

/** Of a test by ranks against one by least squares, when the noise is normal: 3 / pi. */
const efficiency = 3 / Math.PI

/** Standard errors between 0 and a slope that is found in 4 of 5 runs. */
function reachOf(alpha: number): number {
  return normalQuantile(1 - alpha / 2) + normalQuantile(0.8)
}

function lateShare(x: readonly number[], y: readonly number[], slope: number): number {
  const half = Math.floor(x.length / 2)
  const late = theilSen(x.slice(half), y.slice(half))?.slope ?? 0
  return slope === 0 ? 0 : late / slope
}
