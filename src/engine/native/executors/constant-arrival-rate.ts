import type { Share } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { type ArrivalState, runArrivals } from './arrivals.js'
import { constantArrivals } from './instants.js'
import { elapsedLabel, padded, rateLabel, share } from './progress.js'
import type { Executor } from './types.js'

/** Iterations start at a fixed rate; the i-th (from 0) is due at i * timeUnit / rate. */
export function constantArrivalRate(
  scenario: Extract<Scenario, { executor: 'constant-arrival-rate' }>,
  own: Share,
): Executor {
  const preAllocatedVus = own.scale(scenario.preAllocatedVUs)
  const maxVus = own.scale(scenario.maxVUs)
  const arrivals = own.resegment(scenario.maxVUs)
  const dueAt = constantArrivals(scenario.rate, scenario.timeUnitNs)
  const part = arrivals === undefined ? 0 : arrivals.length.num / arrivals.length.den
  const perS = (scenario.rate / (scenario.timeUnitNs / 1e9)) * part
  const state: ArrivalState = { running: 0, active: 0 }
  let begunNs = 0
  return {
    plannedVus: preAllocatedVus,
    maxVus,
    maxDurationNs: scenario.durationNs + scenario.gracefulStopNs,
    run(host, startNs) {
      begunNs = startNs
      let n = 0
      return runArrivals(
        {
          scenario: scenario.name,
          durationNs: scenario.durationNs,
          gracefulStopNs: scenario.gracefulStopNs,
          preAllocatedVus,
          maxVus,
          next: () => (arrivals === undefined ? undefined : dueAt(arrivals.globalIndex(n++))),
          waitForEnd: arrivals !== undefined,
        },
        state,
        host,
        startNs,
      )
    },
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      return {
        done: share(spentNs, scenario.durationNs),
        labels: [
          `${padded(state.running, maxVus)}/${padded(state.active, maxVus)} VUs`,
          elapsedLabel(spentNs, scenario.durationNs),
          rateLabel(perS, perS),
        ],
        askedPerS: perS,
      }
    },
  }
}
