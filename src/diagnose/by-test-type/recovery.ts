/** Spike: how bad it was, how long it took to recover, and whether it came all the way back. */
import type { Recovery, Stretch } from '#record/index.js'
import { mad, median } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import { binsOf, totalIn, valuesIn } from './columns.js'
import { isHold, type LoadShape, targetAt } from './load-shape.js'
import { spikeOf } from './test-type.js'

/** As long as this, in seconds, the service must be as before to count as recovered. */
const staysS = 5

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
  // Of a run that begins with the spike the best of its end is all there is to compare with.
  const calm = valuesIn(evidence, load.p95Ms, before).values
  const baseline = calm.length < 3 ? undefined : { middle: median(calm)!, spread: mad(calm)! }
  const limitMs =
    baseline === undefined ? undefined : baseline.middle + Math.max(3 * baseline.spread, 0.2 * baseline.middle, 2)
  const usualErrors = errorRatioIn(evidence, before) ?? 0
  const isCalm = (i: number): boolean => {
    const sent = load.requestsPerS[i]!
    const p95 = load.p95Ms[i]!
    // A second in which nothing was answered is no good second, unless nothing was asked.
    if (!(sent > 0) || Number.isNaN(p95)) return !(load.vus[i]! > 0) && !(load.inFlight[i]! > 0)
    const errors = load.failedPerS[i]! / sent
    return (limitMs === undefined || p95 <= limitMs) && !(errors > usualErrors + 0.02)
  }
  const recoveredAt = limitMs === undefined ? undefined : staysCalmFrom(evidence, after, isCalm)
  const peak = valuesIn(evidence, load.p95Ms, { fromS: spike.fromS, toS: Math.min(evidence.durationS, spike.toS + 10) })
  const until = recoveredAt ?? evidence.durationS
  return {
    spike,
    baselineP95Ms: baseline?.middle ?? null,
    peakP95Ms: peak.values.length === 0 ? null : Math.max(...peak.values),
    errorsDuring: Math.round(totalIn(evidence, load.failedPerS, { fromS: spike.fromS, toS: until })),
    recoveredAfterS: recoveredAt === undefined ? null : Math.max(0, recoveredAt - spike.toS),
    backlogMax: backlogOf(evidence, total, before, spike),
    backToBaseline: recoveredAt !== undefined && lastCalm(evidence, after, recoveredAt, isCalm),
  }
}

/** The first moment from which every bin of a stretch is calm for as long as `staysS`, or to the end. */
function staysCalmFrom(evidence: Evidence, after: Stretch, isCalm: (i: number) => boolean): number | undefined {
  const { from, to } = binsOf(evidence, after)
  const needed = Math.max(2, Math.ceil(staysS / evidence.binS))
  let run = 0
  for (let i = from; i < to; i++) {
    run = isCalm(i) ? run + 1 : 0
    if (run === needed) return (i - needed + 1) * evidence.binS
  }
  return undefined
}

/** Whether nine of ten bins after the recovery were calm too: a service that falls over again has not come back. */
function lastCalm(evidence: Evidence, after: Stretch, recoveredAt: number, isCalm: (i: number) => boolean): boolean {
  const { from, to } = binsOf(evidence, { fromS: recoveredAt, toS: after.toS })
  let calm = 0
  for (let i = from; i < to; i++) if (isCalm(i)) calm++
  return to > from && calm >= 0.9 * (to - from)
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
