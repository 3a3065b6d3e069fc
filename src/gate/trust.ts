/**
 * Whether a run's own numbers can be believed. A load generator that is itself the bottleneck reports a slow target;
 * so every run judges its injector before anybody judges the target.
 */
export interface TrustInput {
  /** Share of one core that the load thread used, second by second. */
  readonly cpuRatios: readonly number[]
  /** Worst lateness of the load thread's event loop in each second, ms. */
  readonly loopLagMsP99: readonly number[]
  /** Iterations that an open model was asked to start, those that it started, and those it dropped. */
  readonly asked: number
  readonly dropped: number
  /** p99 of the lag between intended and actual start, ms; undefined in a closed model. */
  readonly startLagMsP99: number | undefined
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

/** Above this share of its core a generator queues its own work. */
const saturatedCpu = 0.95
const busyCpu = 0.85
/** Event-loop lateness that shows in the measured latencies. */
const badLagMs = 50
const someLagMs = 10

export function judgeTrust(input: TrustInput): Trust {
  const bad: string[] = []
  const doubt: string[] = []
  const seconds = input.cpuRatios.length
  const share = (limit: number): number =>
    seconds === 0 ? 0 : input.cpuRatios.filter((ratio) => ratio > limit).length / seconds
  if (seconds >= 3 && share(saturatedCpu) > 0.5) {
    bad.push(
      `The injector was saturated: its core was busier than ${saturatedCpu * 100} % in ${percent(share(saturatedCpu))} of the seconds, so latencies include its own queue. It needs more cores or machines, or less load.`,
    )
  } else if (seconds >= 3 && share(busyCpu) > 0.2) {
    doubt.push(
      `The injector was busy: its core was above ${busyCpu * 100} % in ${percent(share(busyCpu))} of the seconds.`,
    )
  }
  const lateSeconds = (limit: number): number =>
    input.loopLagMsP99.filter((ms) => ms > limit).length / Math.max(1, input.loopLagMsP99.length)
  if (lateSeconds(badLagMs) > 0.2) {
    bad.push(
      `The injector's event loop was late by more than ${badLagMs} ms in ${percent(lateSeconds(badLagMs))} of the seconds.`,
    )
  } else if (lateSeconds(someLagMs) > 0.2) {
    doubt.push(
      `The injector's event loop was late by more than ${someLagMs} ms in ${percent(lateSeconds(someLagMs))} of the seconds.`,
    )
  }
  if (input.asked > 0 && input.dropped > 0) {
    const ratio = input.dropped / input.asked
    const text = `The run was starved of VUs: ${input.dropped} of ${input.asked} iterations that were due did not start (${percent(ratio)}); latencies leave out what those would have waited. Raise maxVUs.`
    if (ratio > 0.01) bad.push(text)
    else doubt.push(text)
  }
  if (input.startLagMsP99 !== undefined && input.startLagMsP99 > someLagMs) {
    doubt.push(
      `Iterations started late: p99 of the lag behind the intended start is ${input.startLagMsP99.toFixed(1)} ms.`,
    )
  }
  if (Math.abs(input.clockStepMs) > 500)
    doubt.push(
      `The wall clock stepped by ${Math.round(input.clockStepMs)} ms during the run; durations are monotonic, timestamps are not.`,
    )
  for (const what of input.missing) doubt.push(`The record is incomplete: ${what}.`)
  const verdict = bad.length > 0 ? 'not-trustworthy' : doubt.length > 0 ? 'doubtful' : 'trustworthy'
  return { verdict, reasons: [...bad, ...doubt] }
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`
}
