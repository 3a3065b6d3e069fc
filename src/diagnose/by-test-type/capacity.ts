/** Stress and breakpoint: where throughput stops growing, what was full first, and how it fails beyond. */
import type { Capacity } from '#record/index.js'
import {
  effectiveSize,
  findKnee,
  fitUsl,
  type Knee,
  kneedle,
  littleRatio,
  mean,
  median,
  variance,
} from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import { binsOf } from './columns.js'
import { type LoadShape, type Segment, targetAt } from './load-shape.js'
import { firstSaturated, injectorSaturated } from './saturation.js'
import { lengthOf, stepsOf } from './test-type.js'
import { number, perSecond } from './words.js'

interface Point {
  readonly load: number
  readonly throughputPerS: number
  readonly p95Ms: number | null
  readonly errorRatio: number
  readonly inFlight: number
  readonly relativeError: number
}

/** Levels into which a ramp is cut. */
const rampLevels = 16
/** Of each step, the part in which the load had not yet worked through. */
const unsettled = 0.3

/** @returns null where the load never rose over enough different levels to see a curve */
export function capacityOf(
  evidence: Evidence,
  total: Pick<LoadShape, 'unit' | 'segments'> | undefined,
): Capacity | null {
  if (total === undefined) return null
  const injector = injectorSaturated(evidence)
  const injectorLimit = injector === undefined ? evidence.binCount : Math.floor(injector.atS / evidence.binS)
  const points = pointsOf(evidence, total, injectorLimit)
  if (points.length < 3) return null
  const ladder = points.map(({ load, throughputPerS, relativeError }) => ({
    load,
    throughput: throughputPerS,
    relativeError,
  }))
  const knee = findKnee(ladder)
  const saturated = firstSaturated(evidence)
  const { verdict } = knee
  const shown = verdict === 'reached'
  // In an open model the load is what was asked for; the law is about how many are at work at once.
  const usl =
    total.unit === 'VUs'
      ? knee.usl
      : fitUsl(points.map(({ inFlight, throughputPerS }) => ({ load: inFlight, throughput: throughputPerS })))
  return {
    points: points.map(({ load, throughputPerS, p95Ms, errorRatio }) => ({ load, throughputPerS, p95Ms, errorRatio })),
    loadUnit: total.unit,
    knee: verdict,
    at: shown ? knee.at : null,
    low: shown ? knee.low : null,
    high: shown ? knee.high : null,
    throughputPerS: shown ? knee.throughput : null,
    usl:
      usl === undefined
        ? null
        : {
            lambda: usl.lambda,
            sigma: usl.sigma,
            kappa: usl.kappa,
            peakLoad: peakWithin(usl.peakLoad, points, total.unit),
            r2: usl.r2,
          },
    saturatedFirst: (saturated ?? injector)?.text ?? null,
    failureMode: failureModeOf(points),
    littlesLawRatio: littlesLawOf(evidence, total) ?? null,
    note: noteOf(knee, points, total.unit, injector !== undefined),
  }
}

function pointsOf(evidence: Evidence, { segments }: Pick<LoadShape, 'segments'>, injectorLimit: number): Point[] {
  const steps = stepsOf(segments)
  const levels = steps.length >= 4 ? steps.map((step) => binsOfStep(evidence, step)) : binsOfRamp(evidence, segments)
  return levels.flatMap(({ target, bins }) => {
    // Beyond the injector's own limit the curve is the injector's.
    const usable = bins.filter((i) => i < injectorLimit)
    return usable.length < 2 ? [] : pointOf(evidence, usable, target)
  })
}

function binsOfStep(evidence: Evidence, step: Segment): { readonly target: number; readonly bins: readonly number[] } {
  const { from, to } = binsOf(evidence, { fromS: step.fromS + unsettled * lengthOf(step), toS: step.toS })
  return { target: step.to, bins: range(from, to) }
}

/** Seconds of all rising and holding stretches, put together by how much load was asked for. */
function binsOfRamp(
  evidence: Evidence,
  segments: readonly Segment[],
): { readonly target: number; readonly bins: readonly number[] }[] {
  const at = (i: number): number | undefined => {
    const middle = (i + 0.5) * evidence.binS
    const segment = segments.find(({ fromS, toS }) => fromS <= middle && toS >= middle)
    return segment === undefined || segment.to < 0.98 * segment.from ? undefined : targetAt(segment, middle)
  }
  const targets = range(0, evidence.binCount).map((bin) => ({ bin, target: at(bin) ?? 0 }))
  const rising = targets.filter(({ target }) => target > 0)
  const most = Math.max(0, ...rising.map(({ target }) => target))
  const levels = Array.from({ length: rampLevels }, (_, level) =>
    rising.filter(({ target }) => Math.min(rampLevels - 1, Math.floor((target / most) * rampLevels)) === level),
  )
  return levels
    .filter((level) => level.length >= 2)
    .map((level) => ({ target: mean(level.map(({ target }) => target)), bins: level.map(({ bin }) => bin) }))
}

function pointOf({ load: columns }: Evidence, bins: readonly number[], load: number): Point[] {
  const measured = (column: Float64Array): number[] =>
    bins.map((i) => column[i]!).filter((value) => !Number.isNaN(value))
  const sent = measured(columns.requestsPerS)
  if (sent.length === 0) return []
  const failed = measured(columns.failedPerS)
  const good = bins
    .map((i) => columns.requestsPerS[i]! - orZero(columns.failedPerS[i]!))
    .filter((value) => !Number.isNaN(value))
  const rate = mean(good)
  return [
    {
      load,
      throughputPerS: rate,
      p95Ms: median(measured(columns.p95Ms)) ?? null,
      errorRatio: sum(sent) === 0 ? 0 : sum(failed) / sum(sent),
      inFlight: median(measured(columns.inFlight)) ?? 0,
      relativeError: rate === 0 ? 0 : Math.sqrt(variance(good) / effectiveSize(good)) / rate,
    },
  ]
}

/**
 * VUs over iterations a second x their length: in a closed model every VU is always in an iteration, so the three must
 * agree. Undefined in an open model, where nobody counts what is under way apart from what ends.
 */
function littlesLawOf(
  evidence: Evidence,
  { unit, segments }: Pick<LoadShape, 'unit' | 'segments'>,
): number | undefined {
  if (unit !== 'VUs') return undefined
  const { load } = evidence
  const { from, to } = binsOf(evidence, { fromS: segments[0]!.fromS, toS: segments.at(-1)!.toS })
  // The number of VUs is read at the end of each second: it stands for the second where it did not change.
  const stands = (i: number): boolean => load.vus[i - 1] === load.vus[i] && load.vus[i] === load.vus[i + 1]
  const measured = range(from, to).filter(
    (i) => load.vus[i]! > 0 && load.iterationsPerS[i]! > 0 && load.iterationMs[i]! > 0,
  )
  const still = measured.filter(stands)
  const bins = still.length >= 5 ? still : measured
  if (bins.length < 5) return undefined
  const inSystem = mean(bins.map((i) => load.vus[i]!))
  const arrivals = mean(bins.map((i) => load.iterationsPerS[i]!))
  const busyMs =
    sum(bins.map((i) => load.iterationsPerS[i]! * load.iterationMs[i]!)) / sum(bins.map((i) => load.iterationsPerS[i]!))
  return littleRatio(inSystem, arrivals, busyMs)
}

/** How it was at the worst: errors count more than lost throughput, and that more than waiting. */
function failureModeOf(points: readonly Point[]): Capacity['failureMode'] {
  const base = points.slice(0, Math.max(1, Math.floor(points.length / 3)))
  const baseErrors = mean(base.map(({ errorRatio }) => errorRatio))
  if (points.some(({ errorRatio }) => errorRatio > Math.max(0.02, 5 * baseErrors))) return 'errors'
  const most = Math.max(...points.map(({ throughputPerS }) => throughputPerS))
  const last = points.at(-1)!
  if (last.throughputPerS < most * (0.85 - 2 * last.relativeError)) return 'throughput-collapse'
  const baseP95 = median(base.flatMap(({ p95Ms }) => (p95Ms === null ? [] : [p95Ms])))
  const worst = Math.max(0, ...points.map(({ p95Ms }) => p95Ms ?? 0))
  return baseP95 !== undefined && worst > Math.max(3 * baseP95, baseP95 + 10) ? 'latency' : 'none'
}

function noteOf(knee: Knee, points: readonly Point[], unit: LoadShape['unit'], isCutOff: boolean): string {
  const { verdict } = knee
  const cut = isCutOff ? ' The load injector then reached its own limit; what came after is left out.' : ''
  const most = `${number(points.at(-1)!.load)} ${unit}`
  if (verdict === 'cannot-tell') {
    return points.length < 5
      ? `${points.length} levels of load are too few for a curve: at least 5 are needed.${cut}`
      : `Throughput follows neither a scalability law nor a straight line with a limit: something else than the load decided it.${cut}`
  }
  if (verdict === 'not-reached') {
    return `Knee not reached within ${most}: throughput still grew there, or the ladder ends too soon after it. Nothing is said of what lies beyond; go on to a higher load.${cut}`
  }
  const bend = kneedle(
    points.flatMap(({ load, p95Ms }) => (p95Ms === null ? [] : [{ x: load, y: p95Ms }])),
    'convex',
  )
  const where = `${number(knee.at!)} ${unit} (95 % interval ${number(knee.low!)} to ${number(knee.high!)}), ${perSecond(knee.throughput!)}`
  const latency = bend === undefined ? '' : ` Latency bends at about ${number(bend)} ${unit}.`
  return knee.model === 'broken-line'
    ? `Throughput grows in proportion to the load up to ${where}, and no further: one hard limit.${latency}${cut}`
    : `Throughput is greatest at ${where}, and falls beyond: contention and coherency by the Universal Scalability Law.${latency}${cut}`
}

/** The law's peak is given only where the loads that were tried hold it. */
function peakWithin(peak: number | undefined, points: readonly Point[], unit: LoadShape['unit']): number | null {
  const most = Math.max(...points.map(({ load, inFlight }) => (unit === 'VUs' ? load : inFlight)))
  return peak === undefined || peak > most ? null : peak
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}
