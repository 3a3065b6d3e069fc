/** The load of each type of test, as k6's scenarios. */
import type { TestType } from '#record/analysis.js'
import type { LoadModel } from './traffic.js'
import { figure, timeText } from './units.js'

export interface Workload {
  readonly scenarios: Readonly<Record<string, Scenario>>
  /** What it does, in words. */
  readonly says: string
  readonly durationS: number
}

export type Scenario =
  | { readonly executor: 'constant-vus'; readonly vus: number; readonly duration: string }
  | {
      readonly executor: 'ramping-arrival-rate'
      readonly startRate: number
      readonly timeUnit: string
      readonly preAllocatedVUs: number
      readonly maxVUs: number
      readonly stages: readonly { readonly duration: string; readonly target: number }[]
    }

export interface WorkloadTimes {
  /** Seconds at the full load; the type's own when undefined. */
  readonly holdS?: number | undefined
  /** Seconds of a ramp. */
  readonly rampS?: number | undefined
}

/** `[seconds, share of the peak at its end]` */
type Step = readonly [seconds: number, share: number]

/**
 * All but the smoke test are open models: users of a service do not wait for one another, so a slow answer must not slow
 * the arrivals. Ramps are gradual everywhere except in the spike, which is about not being so.
 */
export function workloadFor(type: TestType, model: LoadModel | undefined, times: WorkloadTimes = {}): Workload {
  if (type === 'smoke' || model === undefined) {
    const holdS = times.holdS ?? 60
    return {
      scenarios: {
        journey: { executor: 'constant-vus', vus: 1, duration: timeText(holdS) },
      },
      says: `one user for ${timeText(holdS)}`,
      durationS: holdS,
    }
  }
  const { steps, says } = shape(type, model, times)
  const largest = Math.max(...steps.map(([, share]) => share))
  const [timeUnit, unitS] = unitFor(model.journeysPerS * Math.min(...steps.map(([, share]) => share || largest)))
  const rate = (share: number): number => {
    const value = Math.round(model.journeysPerS * share * unitS)
    return share === 0 ? 0 : Math.max(1, value)
  }
  return {
    scenarios: {
      journey: {
        executor: 'ramping-arrival-rate',
        startRate: type === 'spike' ? rate(steps[0]?.[1] ?? 0) : 0,
        timeUnit,
        preAllocatedVUs: Math.max(1, Math.ceil(model.concurrentUsers * largest * 1.2)),
        maxVUs: Math.max(1, Math.ceil(model.maxVus * largest)),
        stages: steps.map(([s, share]) => ({ duration: timeText(s), target: rate(share) })),
      },
    },
    says,
    durationS: steps.reduce((sum, [s]) => sum + s, 0),
  }
}

function shape(
  type: Exclude<TestType, 'smoke'>,
  model: LoadModel,
  times: WorkloadTimes,
): { readonly steps: readonly Step[]; readonly says: string } {
  const { holdS, rampS } = times
  switch (type) {
    case 'load': {
      const [ramp, hold] = [rampS ?? 300, holdS ?? 1800]
      return {
        steps: [
          [ramp, 1],
          [hold, 1],
          [Math.min(ramp, 60), 0],
        ],
        says: `${timeText(ramp)} up to the expected peak, ${timeText(hold)} there, then down`,
      }
    }
    case 'soak': {
      const [ramp, hold] = [rampS ?? 300, holdS ?? 4 * 3600]
      return {
        steps: [
          [ramp, 0.8],
          [hold, 0.8],
          [Math.min(ramp, 60), 0],
        ],
        says: `80 % of the expected peak for ${timeText(hold)}: long enough for slow leaks, with room for a bad hour`,
      }
    }
    case 'stress': {
      const shares = [0.5, 1, 1.5, 2, 3]
      return ladder(shares, rampS ?? 60, holdS ?? 240, `steps to ${shares.map((s) => `${s * 100} %`).join(', ')} of it`)
    }
    case 'breakpoint': {
      const shares = Array.from({ length: 12 }, (_, i) => 1.5 ** (i - 2))
      const most = figure((shares.at(-1) ?? 1) * model.peakRps)
      return ladder(
        shares,
        rampS ?? 30,
        holdS ?? 90,
        `twelve steps, each half as much again, up to ${most} requests/s; ends once a tenth of the requests fail`,
      )
    }
    case 'spike': {
      const [edge, hold] = [rampS ?? 10, holdS ?? 60]
      const base = model.averageRps / model.peakRps
      return {
        steps: [
          [hold * 2, base],
          [edge, 3],
          [hold, 3],
          [edge, base],
          [hold * 4, base],
        ],
        says: `the average load, within ${timeText(edge)} three times the expected peak for ${timeText(hold)}, back to the average for ${timeText(hold * 4)} to see the recovery`,
      }
    }
  }
}

function ladder(
  shares: readonly number[],
  rampS: number,
  holdS: number,
  says: string,
): { readonly steps: readonly Step[]; readonly says: string } {
  const up = shares.flatMap((share): Step[] => [
    [rampS, share],
    [holdS, share],
  ])
  return { steps: [...up, [Math.min(rampS, 60), 0]], says: `${says}, ${timeText(holdS)} each` }
}

/** Rates are whole numbers in k6: a unit of time in which rounding changes the smallest by 2 % at most. */
function unitFor(perS: number): readonly [text: string, s: number] {
  if (perS >= 25) return ['1s', 1]
  return perS * 60 >= 25 ? ['1m', 60] : ['1h', 3600]
}
