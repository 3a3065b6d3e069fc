/**
 * Whether a run's own numbers can be believed. A load generator that is itself the bottleneck reports a slow target;
 * so every run judges its injector before anybody judges the target.
 */
import { type InjectorSecond, injectorFaults } from './injector.js'
import { percent, type TrustFault } from './trust-fault.js'

export interface TrustInput {
  /** One entry a second. */
  readonly injector: readonly InjectorSecond[]
  /** Iterations that an open model was asked to start, and those it dropped. */
  readonly asked: number
  readonly dropped: number
  /** p99 of the lag between intended and actual start, ms; undefined in a closed model. */
  readonly startLagMsP99: number | undefined
  /** p99 of the latency that the run reports, ms: lateness matters by its share of it. */
  readonly latencyMsP99: number | undefined
  /** Wall clock minus monotonic clock over the run, ms: not 0 when the wall clock was stepped. */
  readonly clockStepMs: number
  /** What the record could not hold. */
  readonly missing: readonly string[]
}

export type TrustVerdict = 'trustworthy' | 'doubtful' | 'not-trustworthy'

export interface Trust {
  readonly verdict: TrustVerdict
  /** Full sentences, worst first; empty when trustworthy. */
  readonly reasons: readonly string[]
}

/** How the reason begins that an open model had no free VU for an arrival: a slow target has the same effect. */
export const STARVED = 'The run was starved of VUs'

/** Starts later than this are named, in an open model. */
const someLagMs = 10

export function judgeTrust(input: TrustInput): Trust {
  const faults = [
    ...injectorFaults(
      input.injector,
      input.latencyMsP99,
      input.dropped > 0 ? input.asked / (input.asked - input.dropped) : 1,
    ),
    ...starved(input),
    ...late(input),
    ...clockStep(input),
    ...input.missing.map((what): TrustFault => ({ weight: 'doubt', text: `The record is incomplete: ${what}.` })),
  ]
  const bad = faults.filter(({ weight }) => weight === 'bad')
  const doubt = faults.filter(({ weight }) => weight === 'doubt')
  const verdict = bad.length > 0 ? 'not-trustworthy' : doubt.length > 0 ? 'doubtful' : 'trustworthy'
  return { verdict, reasons: [...bad, ...doubt].map(({ text }) => text) }
}

function starved({ asked, dropped }: TrustInput): TrustFault[] {
  if (asked === 0 || dropped === 0) return []
  const ratio = dropped / asked
  return [
    {
      weight: ratio > 0.01 ? 'bad' : 'doubt',
      text: `${STARVED}: ${dropped} of ${asked} iterations that were due did not start (${percent(ratio)}); latencies leave out what those would have waited. Raise maxVUs.`,
    },
  ]
}

function late({ startLagMsP99 }: TrustInput): TrustFault[] {
  if (startLagMsP99 === undefined || startLagMsP99 <= someLagMs) return []
  return [
    {
      weight: 'doubt',
      text: `Iterations started late: p99 of the lag behind the intended start is ${startLagMsP99.toFixed(1)} ms.`,
    },
  ]
}

function clockStep({ clockStepMs }: TrustInput): TrustFault[] {
  if (Math.abs(clockStepMs) <= 500) return []
  return [
    {
      weight: 'doubt',
      text: `The wall clock stepped by ${Math.round(clockStepMs)} ms during the run; durations are monotonic, timestamps are not.`,
    },
  ]
}
