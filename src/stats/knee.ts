/** The knee of a throughput curve with its interval, by the better of two models. No extrapolation beyond the loads seen. */
import { seededRandom } from '#base/random.js'
import { type BrokenLine, brokenLineAt, fitBrokenLine } from './broken-line.js'
import { normalQuantile, studentQuantile } from './distributions.js'
import { ascending, mean } from './order.js'
import { fitUsl, type LoadPoint, uslAt, type UslFit } from './usl.js'

export interface Knee {
  /** `reached`: within the loads seen, with its interval. */
  readonly verdict: 'reached' | 'not-reached' | 'cannot-tell'
  readonly model: 'usl' | 'broken-line' | undefined
  /** Null unless reached. */
  readonly at: number | null
  readonly low: number | null
  readonly high: number | null
  /** Throughput there. */
  readonly throughput: number | null
  readonly usl: UslFit | undefined
  readonly line: BrokenLine | undefined
  /** 95 % interval of the USL's peak; an infinite `high` says that these loads do not show one. */
  readonly peak: { readonly low: number; readonly high: number } | undefined
}

/** Throughput may grow by this power of the load beyond a knee: doubling the load gains less than 11 %. */
const flatPower = 0.15
/** Fewer loads than this leave nothing to judge a fit of three parameters by. */
const fewestLoads = 5

/**
 * @param points  one a load (a step, or a bin of a ramp), each over a time in which the load stood still or moved slowly
 * @param seed    of the bootstrap
 */
export function findKnee(points: readonly LoadPoint[], rounds = 200, seed = 1): Knee {
  const usable = points.filter(({ load, throughput }) => load > 0 && throughput > 0).sort((a, b) => a.load - b.load)
  const usl = fitUsl(usable)
  const line = fitBrokenLine(usable)
  const none = { model: undefined, at: null, low: null, high: null, throughput: null, usl, line, peak: undefined }
  if (usl === undefined || line === undefined || usable.length < fewestLoads) return { ...none, verdict: 'cannot-tell' }
  const most = usable.at(-1)!.load
  const byLine = line.loss < usl.loss
  const draws = resample(usable, usl, line, byLine, rounds, seed)
  const peak = interval(draws.peaks)
  if (Math.max(usl.r2, line.r2) < 0.5 && !isFlat(usable, usable[0]!.load)) {
    return { ...none, peak, verdict: 'cannot-tell' }
  }
  if (byLine) {
    const { low, high } = interval(draws.knees)
    const beyond = usable.filter(({ load }) => load > 1.1 * line.knee)
    const shown = beyond.length >= 2 && most >= 1.5 * line.knee && high < most && isFlat(usable, line.knee)
    if (shown) {
      const found = { at: line.knee, low, high, throughput: line.slope * line.knee }
      return { ...none, ...found, peak, model: 'broken-line', verdict: 'reached' }
    }
  }
  // A peak counts when it lies within the loads seen, with all of its interval.
  if (usl.peakLoad !== undefined && peak.high <= most) {
    const found = { at: usl.peakLoad, low: peak.low, high: peak.high, throughput: uslAt(usl, usl.peakLoad) }
    return { ...none, ...found, peak, model: 'usl', verdict: 'reached' }
  }
  return { ...none, peak, model: byLine ? 'broken-line' : 'usl', verdict: 'not-reached' }
}

/** Residuals, widened for the parameters fitted, put back at random, with the noise of each point on top. */
function resample(
  points: readonly LoadPoint[],
  usl: UslFit,
  line: BrokenLine,
  byLine: boolean,
  rounds: number,
  seed: number,
): { readonly peaks: readonly number[]; readonly knees: readonly number[] } {
  const random = seededRandom(seed)
  const degrees = Math.max(1, points.length - 3)
  // Few points leave the size of the noise uncertain too: as much wider as Student's t is than the normal.
  const widen = Math.sqrt(points.length / degrees) * (studentQuantile(0.975, degrees) / normalQuantile(0.975))
  const model = (load: number): number => (byLine ? brokenLineAt(line, load) : uslAt(usl, load))
  const residuals = points.map(({ load, throughput }) => (widen * (throughput - model(load))) / model(load))
  const middle = mean(residuals)
  const peaks: number[] = []
  const knees: number[] = []
  for (let round = 0; round < rounds; round++) {
    const drawn = points.map(({ load, relativeError = 0 }) => {
      const residual = residuals[Math.floor(random() * residuals.length)]! - middle
      const noise = relativeError === 0 ? 0 : relativeError * normalQuantile(Math.min(1 - 1e-9, random() + 1e-10))
      return { load, throughput: model(load) * Math.max(0.01, 1 + residual + noise) }
    })
    peaks.push(fitUsl(drawn, usl)?.peakLoad ?? Number.POSITIVE_INFINITY)
    if (byLine) knees.push(fitBrokenLine(drawn, line)?.knee ?? Number.POSITIVE_INFINITY)
  }
  return { peaks, knees }
}

function interval(values: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = ascending(values)
  // The ranks themselves: between a number and infinity there is nothing to interpolate.
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? Number.POSITIVE_INFINITY
  return { low: at(0.025), high: at(0.975) }
}

/** Least squares of log throughput over log load beyond the knee: its power, and twice its error, below `flatPower`. */
function isFlat(points: readonly LoadPoint[], knee: number): boolean {
  const beyond = points.filter(({ load }) => load >= knee)
  if (beyond.length < 2) return false
  const xs = beyond.map(({ load }) => Math.log(load))
  const ys = beyond.map(({ throughput }) => Math.log(throughput))
  const [mx, my] = [mean(xs), mean(ys)]
  const sxx = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0)
  return xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i]! - my), 0) / sxx < flatPower
}
