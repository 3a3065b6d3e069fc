/**
 * Whether a slow signal of a long run (memory, descriptors, latency) grows, without crying wolf over autocorrelation.
 *
 * Neighbouring seconds of such a signal know of each other, and a trend test that takes them as independent finds trends
 * in noise (at a correlation of 0.95 in most runs). So the series is cut into blocks long enough that their medians are
 * nearly independent, as the correlation at the finest level foretells and that of the blocks confirms; Mann and
 * Kendall's test and Theil and Sen's slope then work on the block medians. Where a run is too short for that, the
 * increments of a coarse sampling are tested instead (Student's t): under a random walk, the worst case of
 * correlation, they are independent, under anything calmer they balance each other, so that test errs to the safe side;
 * it sees gross growth only, and otherwise the answer is to run longer.
 *
 * Measured false-alarm rates and smallest slopes: docs/statistics.md, printed by `npm run bench -- statistics`.
 */
import { blockLagOne, blockMedians, residualLagOne } from './autocorrelation.js'
import { normalQuantile, studentCdf, studentQuantile } from './distributions.js'
import { mean, variance } from './order.js'
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
  /** Slope of the later half as a share of the whole's: near 0 = it levelled off; and how much it may be at most (95 %). */
  readonly lateShare: number
  readonly lateShareHigh: number
}

/** A later half that has surely less than this share of the whole's slope has levelled off: it only grew at first. */
const goesOnAbove = 1 / 3

/** Whether it moves, by a test at this level, and still did so in the later half. @param p  adjusted, where many are tested */
export function isMoving(growth: Growth, level: number, p: number = growth.p): boolean {
  return p < level && growth.lateShareHigh >= goesOnAbove
}

/** Block medians may know this much of each other, more where blocks are few; what is left is put on the variance. */
const independentBelow = [0.1, 0.2, 0.35]
const fewestBlocks = 8
/** With so many there is no need to let them know of each other. */
const enoughBlocks = 16
/** More are no better: a leak shows in ten as in a thousand, and pairs grow with the square. */
const mostBlocks = 60
const mostIncrements = 24
/** The increments are asked only when the blocks could not be: two ways to an alarm, of which this one pays. */
const secondTry = 1.5

/**
 * @param x      ascending; seconds
 * @param values one for each x
 * @param alpha  level for which `detectable` is stated
 * @returns  undefined with fewer than 16 values or when all are the same
 */
export function growthOf(x: readonly number[], values: readonly number[], alpha = 0.01): Growth | undefined {
  const n = values.length
  if (n < 16 || values.every((value) => value === values[0])) return undefined
  const correlation = residualLagOne(values)
  // Of a short series the correlation itself is uncertain: what it may well be counts.
  const error = Math.sqrt(Math.max(0, 1 - correlation ** 2) / n)
  const high = Math.min(0.999, correlation + (1.3 + 20 / n) * error)
  const cut = independentBelow
    .map((left) => cutOf(values, high, left))
    .filter((one) => canReach(one, alpha))
    .reduce<Cut | undefined>((best, one) => (best !== undefined && best.count >= enoughBlocks ? best : one), undefined)
  const found = cut === undefined ? byIncrements(x, values, alpha) : byBlocks(x, values, cut, alpha)
  return { ...found, correlation }
}

type Found = Omit<Growth, 'correlation'>

interface Cut {
  /** Blocks into which the series is cut. */
  readonly count: number
  /** What their medians may know of each other. */
  readonly left: number
}

/** Whether a perfect order of so many blocks is far enough beyond chance, with room for noise. */
function canReach({ count, left }: Cut, alpha: number): boolean {
  if (count < fewestBlocks) return false
  const most = (count * (count - 1)) / 2 - 1
  const spread = Math.sqrt((inflationOf(left) * count * (count - 1) * (2 * count + 5)) / 18)
  return most / spread >= 1.2 * normalQuantile(1 - alpha / 2)
}

/** Of the variance of a sum, when neighbours know `left` of each other. */
function inflationOf(left: number): number {
  return (1 + left) / (1 - left)
}

/** The most blocks whose medians know at most `left` of each other. */
function cutOf(values: readonly number[], correlation: number, left: number): Cut {
  let count = Math.min(mostBlocks, Math.floor(values.length / lengthFor(correlation, left)))
  // A slow part under fast noise shows in the blocks only: look again at each level.
  while (count >= fewestBlocks) {
    const medians = blockMedians(values, count)
    const seen = residualLagOne(medians)
    if (seen <= left + 1 / Math.sqrt(count)) break
    count = Math.floor(count / Math.max(1.3, lengthFor(Math.min(seen, 0.95), left) / 2))
  }
  return { count, left }
}

/** Length of blocks whose lag-1 correlation is foretold to be low enough. */
function lengthFor(correlation: number, left: number): number {
  let length = 1
  while (blockLagOne(correlation, length) > left && length < 1e6) length = Math.ceil(length * 1.1)
  return length
}

function byBlocks(x: readonly number[], values: readonly number[], { count, left }: Cut, alpha: number): Found {
  const times = blockMedians(x, count)
  const medians = blockMedians(values, count)
  const inflation = inflationOf(left)
  const { p } = mannKendall(medians, inflation)
  const line = theilSen(times, medians, { inflation })!
  const around = medians.map((value, i) => value - line.slope * times[i]!)
  // Two parameters were fitted, and a few residuals are close to what was fitted to them.
  const spread = Math.sqrt(variance(around) * (count / (count - 2)))
  const middle = mean(times)
  const sxx = times.reduce((sum, at) => sum + (at - middle) ** 2, 0)
  return {
    slope: line.slope,
    low: line.low,
    high: line.high,
    p,
    detectable: (reachOf(alpha, count - 2) * spread * Math.sqrt(inflation)) / Math.sqrt(efficiency * sxx),
    method: 'blocks',
    blocks: count,
    ...lateHalf(times, medians, line.slope, inflation),
  }
}

function byIncrements(x: readonly number[], values: readonly number[], alpha: number): Found {
  const count = Math.min(mostIncrements, Math.floor((values.length - 1) / 2))
  const at = Array.from({ length: count + 1 }, (_, i) => Math.round((i * (values.length - 1)) / count))
  const increments = at.slice(1).map((to, i) => values[to]! - values[at[i]!]!)
  const stretch = x.at(-1)! - x[0]!
  const slope = (values.at(-1)! - values[0]!) / stretch
  const error = (Math.sqrt(variance(increments)) * Math.sqrt(count)) / stretch
  const reach = studentQuantile(0.975, count - 1) * error
  const times = at.map((i) => x[i]!)
  const sampled = at.map((i) => values[i]!)
  return {
    slope,
    low: slope - reach,
    high: slope + reach,
    p:
      error === 0
        ? slope === 0
          ? 1
          : 0
        : Math.min(1, secondTry * 2 * studentCdf(-Math.abs(slope) / error, count - 1)),
    detectable: (reachOf(alpha, count - 1) * error) / Math.sqrt(efficiency),
    method: 'increments',
    blocks: count,
    ...lateHalf(times, sampled, slope, 1),
  }
}

/** Of a test by ranks against one by least squares, when the noise is normal: 3 / pi. */
const efficiency = 3 / Math.PI

/** Standard errors between 0 and a slope that is found in 4 of 5 runs, where the errors themselves are estimated. */
function reachOf(alpha: number, degrees: number): number {
  return studentQuantile(1 - alpha / 2, degrees) + studentQuantile(0.8, degrees)
}

function lateHalf(
  x: readonly number[],
  y: readonly number[],
  slope: number,
  inflation: number,
): Pick<Growth, 'lateShare' | 'lateShareHigh'> {
  const half = Math.floor(x.length / 2)
  const late = theilSen(x.slice(half), y.slice(half), { confidence: 0.9, inflation })
  if (late === undefined || slope === 0) return { lateShare: 0, lateShareHigh: 0 }
  return { lateShare: late.slope / slope, lateShareHigh: (slope > 0 ? late.high : late.low) / slope }
}
