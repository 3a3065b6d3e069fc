import type { Scenario } from '#config/types.js'
import { runArrivals } from './arrivals.js'
import type { Crew } from './crew.js'
import { constantArrivals } from './instants.js'
import { elapsedLabel, padded, rateLabel, share } from './progress.js'
import type { Executor } from './types.js'

/** Iterations start at a fixed rate; the i-th (from 0) is due at i * timeUnit / rate. */
export function constantArrivalRate(
  scenario: Extract<Scenario, { executor: 'constant-arrival-rate' }>,
  crew: Crew,
): Executor {
  const { board, instance, own } = crew
  const preAllocatedVus = own.scale(scenario.preAllocatedVUs)
  const maxVus = instance.scale(scenario.maxVUs)
  const allArrivals = instance.resegment(scenario.maxVUs)
  const arrivals = own.resegment(scenario.maxVUs)
  const dueAt = constantArrivals(scenario.rate, scenario.timeUnitNs)
  const part = allArrivals === undefined ? 0 : allArrivals.length.num / allArrivals.length.den
  const perS = (scenario.rate / (scenario.timeUnitNs / 1e9)) * part
  let begunNs = 0
  return {
    plannedVus: preAllocatedVus,
    maxVus: own.scale(scenario.maxVUs),
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
          unplannedVus: maxVus - instance.scale(scenario.preAllocatedVUs),
          next: () => (arrivals === undefined ? undefined : dueAt(arrivals.globalIndex(n++))),
          waitForEnd: allArrivals !== undefined,
        },
        crew,
        host,
        startNs,
      )
    },
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      return {
        done: share(spentNs, scenario.durationNs),
        labels: [
          `${padded(board.running.total, maxVus)}/${padded(board.held.total, maxVus)} VUs`,
          elapsedLabel(spentNs, scenario.durationNs),
          rateLabel(perS, perS),
        ],
        askedPerS: perS,
      }
    },
  }
}
