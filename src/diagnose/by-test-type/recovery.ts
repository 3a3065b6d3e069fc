/** Spike: how bad it was, how long it took to recover, and whether it came all the way back. */
import type { Recovery, Stretch } from '#record/index.js'
import { median, quantileOf } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import { binsOf, meanIn, medianIn, totalIn, valuesIn } from './columns.js'
import { isHold, type LoadShape, targetAt } from './load-shape.js'
import { spikeOf } from './test-type.js'

/** Seconds that are looked at together: one slow request makes the p95 of a single second. */
const togetherS = 5
/** p95 of so many times the baseline's, or within what it was before one second in ten, is as before. */
const usualFactor = 1.5

/** @returns null where the load had no spike */
export function recoveryOf(
  evidence: Evidence,
  total: Pick<LoadShape, 'unit' | 'segments'> | undefined,
): Recovery | null {
  const spike = total === undefined ? undefined : spikeOf(total.segments)
  if (total === undefined || spike === undefined) return null
  const { load } = evidence
  const before: Stretch = { fromS: calmFrom(total, spike), toS: riseOf(total, spike) }
  const after: Stretch = { fromS: spike.toS, toS: evidence.durationS }
  const calm = valuesIn(evidence, load.p95Ms, before).values
  // Of a run that begins with the spike nobody knows what it was like before.
  const baseline = calm.length < 3 ? undefined : median(calm)!
  const limitMs =
    baseline === undefined ? undefined : Math.max(usualFactor * baseline, quantileOf(calm, 0.9)!, baseline + 5)
  const usualErrors = errorRatioIn(evidence, before) ?? 0
  const isCalm = (stretch: Stretch): boolean => {
    const p95 = medianIn(evidence, load.p95Ms, stretch)
    // A stretch without an answer is calm only if nothing was asked.
    if (p95 === undefined) return !((meanIn(evidence, load.vus, stretch) ?? 0) > 0)
    return (limitMs === undefined || p95 <= limitMs) && (errorRatioIn(evidence, stretch) ?? 0) <= usualErrors + 0.02
  }
  const { recoveredAt, cameBack } =
    limitMs === undefined ? { recoveredAt: undefined, cameBack: false } : recoveryIn(evidence, after, isCalm)
  const peak = valuesIn(evidence, load.p95Ms, { fromS: spike.fromS, toS: Math.min(evidence.durationS, spike.toS + 10) })
  const until = recoveredAt ?? evidence.durationS
  return {
    spike,
    baselineP95Ms: baseline ?? null,
    peakP95Ms: peak.values.length === 0 ? null : Math.max(...peak.values),
    errorsDuring: Math.round(totalIn(evidence, load.failedPerS, { fromS: spike.fromS, toS: until })),
    recoveredAfterS: recoveredAt === undefined ? null : Math.max(0, recoveredAt - spike.toS),
    backlogMax: backlogOf(evidence, total, before, spike),
    backToBaseline: cameBack,
  }
}

/**
 * The first moment from which the following seconds together are calm, and most that come later too: a service that falls
 * over again had not recovered. It came back when its last third is calm.
 */
function recoveryIn(
  evidence: Evidence,
  after: Stretch,
  isCalm: (stretch: Stretch) => boolean,
): { readonly recoveredAt: number | undefined; readonly cameBack: boolean } {
  const { from, to } = binsOf(evidence, after)
  const length = Math.max(1, Math.ceil(togetherS / evidence.binS))
  const stretch = (first: number, end: number): Stretch => ({ fromS: first * evidence.binS, toS: end * evidence.binS })
  const calm: boolean[] = []
  for (let i = from; i + length <= to; i++) calm.push(isCalm(stretch(i, i + length)))
  const first = calm.findIndex((is, i) => {
    const rest = calm.slice(i)
    return is && rest.filter((later) => later).length >= 0.7 * rest.length
  })
  if (first < 0) return { recoveredAt: undefined, cameBack: false }
  // Its first seconds may still be the end of the trouble.
  let at = from + first
  while (at < from + first + length - 1 && !isCalm(stretch(at, at + 1))) at++
  const lastThird = stretch(Math.max(at, to - Math.ceil((to - from) / 3)), to)
  return { recoveredAt: at * evidence.binS, cameBack: isCalm(lastThird) }
}

/**
 * Requests that waited at the worst moment, beyond those of calm times. In an open model arrivals that were due (and not
 * dropped) less those that ended; in a closed one what was in flight.
 */
function backlogOf(
  evidence: Evidence,
  { unit, segments }: Pick<LoadShape, 'unit' | 'segments'>,
  before: Stretch,
  spike: Stretch,
): number | null {
  const { load, binS } = evidence
  const { from, to } = binsOf(evidence, { fromS: spike.fromS, toS: evidence.durationS })
  if (unit === 'VUs') {
    const usual = median(valuesIn(evidence, load.inFlight, before).values) ?? 0
    const inFlight = valuesIn(evidence, load.inFlight, { fromS: spike.fromS, toS: evidence.durationS }).values
    // Little's law counts a request in the second in which it ends, so one second may hold more than were ever at once.
    const vus = Math.max(0, ...valuesIn(evidence, load.vus, spike).values)
    return inFlight.length === 0 ? null : Math.round(Math.max(0, Math.min(vus, Math.max(...inFlight)) - usual))
  }
  let [waiting, most] = [0, 0]
  for (let i = from; i < to; i++) {
    const middle = (i + 0.5) * binS
    const segment = segments.find(({ fromS, toS }) => fromS <= middle && toS >= middle)
    const due = (segment === undefined ? 0 : targetAt(segment, middle)) * binS
    const dropped = load.droppedPerS[i]! * binS
    const ended = load.iterationsPerS[i]! * binS
    waiting = Math.max(0, waiting + due - (dropped > 0 ? dropped : 0) - (ended > 0 ? ended : 0))
    most = Math.max(most, waiting)
  }
  return Math.round(most)
}

function errorRatioIn(evidence: Evidence, stretch: Stretch): number | undefined {
  const sent = totalIn(evidence, evidence.load.requestsPerS, stretch)
  return sent === 0 ? undefined : totalIn(evidence, evidence.load.failedPerS, stretch) / sent
}

/** Where the ramp into the spike begins. */
function riseOf({ segments }: Pick<LoadShape, 'segments'>, spike: Stretch): number {
  const rise = segments.find(({ fromS, toS, from, to }) => to > from && fromS <= spike.fromS && toS >= spike.fromS)
  return rise?.fromS ?? spike.fromS
}

/** The last hold before the spike: what the service was like when it was calm. */
function calmFrom({ segments }: Pick<LoadShape, 'segments'>, spike: Stretch): number {
  const holds = segments.filter((segment) => isHold(segment) && segment.to > 0 && segment.toS <= spike.fromS + 1e-9)
  return holds.at(-1)?.fromS ?? spike.fromS
}
