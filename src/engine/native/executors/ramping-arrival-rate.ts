import type { Scenario, Stage } from '#config/types.js'
import { runArrivals } from './arrivals.js'
import type { Crew } from './crew.js'
import { rampingArrivals } from './instants.js'
import { elapsedLabel, padded, rateLabel, share } from './progress.js'
import type { Executor } from './types.js'

/** Iterations start at a rate that changes linearly from stage to stage; a part of an iteration carries over. */
export function rampingArrivalRate(
  scenario: Extract<Scenario, { executor: 'ramping-arrival-rate' }>,
  crew: Crew,
): Executor {
  const { board, instance, own } = crew
  const preAllocatedVus = own.scale(scenario.preAllocatedVUs)
  const maxVus = instance.scale(scenario.maxVUs)
  const allArrivals = instance.resegment(scenario.maxVUs)
  const arrivals = own.resegment(scenario.maxVUs)
  const durationNs = scenario.stages.reduce((sum, s) => sum + s.durationNs, 0)
  const perUnit = allArrivals === undefined ? 0 : allArrivals.length.num / allArrivals.length.den
  const toPerS = (rate: number): number => (rate / (scenario.timeUnitNs / 1e9)) * perUnit
  const maxPerS = toPerS(Math.max(scenario.startRate, ...scenario.stages.map((s) => s.target)))
  let begunNs = 0
  return {
    plannedVus: preAllocatedVus,
    maxVus: own.scale(scenario.maxVUs),
    maxDurationNs: durationNs + scenario.gracefulStopNs,
    run(host, startNs) {
      begunNs = startNs
      const dueAt = rampingArrivals(scenario.startRate, scenario.timeUnitNs, scenario.stages)
      let n = 0
      return runArrivals(
        {
          scenario: scenario.name,
          durationNs,
          gracefulStopNs: scenario.gracefulStopNs,
          preAllocatedVus,
          maxVus,
          unplannedVus: maxVus - instance.scale(scenario.preAllocatedVUs),
          next: () => (arrivals === undefined ? undefined : dueAt(arrivals.globalIndex(n++) + 1)),
          waitForEnd: false,
        },
        crew,
        host,
        startNs,
      )
    },
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      const perS = toPerS(rateAt(scenario.startRate, scenario.stages, spentNs))
      return {
        done: share(spentNs, durationNs),
        labels: [
          `${padded(board.running.total, maxVus)}/${padded(board.held.total, maxVus)} VUs`,
          elapsedLabel(spentNs, durationNs),
          rateLabel(perS, maxPerS),
        ],
        askedPerS: perS,
      }
    },
  }
}

/** Rate per time unit at `spentNs` after the start; 0 before and after. */
function rateAt(startRate: number, stages: readonly Stage[], spentNs: number): number {
  let from = startRate
  let leftNs = spentNs
  if (leftNs < 0) return 0
  for (const stage of stages) {
    if (leftNs < stage.durationNs) return from + ((stage.target - from) * leftNs) / stage.durationNs
    leftNs -= stage.durationNs
    from = stage.target
  }
  return 0
}
