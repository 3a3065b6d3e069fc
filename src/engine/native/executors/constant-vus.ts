import type { Scenario } from '#config/types.js'
import { runClosedLoop, type Turns } from './closed-loop.js'
import type { Crew } from './crew.js'
import { count, elapsedLabel, share } from './progress.js'
import type { Executor } from './types.js'

/** A fixed number of VUs, each starting iteration after iteration until the duration is over. */
export function constantVus(scenario: Extract<Scenario, { executor: 'constant-vus' }>, crew: Crew): Executor {
  const vus = crew.own.scale(scenario.vus)
  const allVus = crew.instance.scale(scenario.vus)
  let begunNs = 0
  const turns: Turns = { next: () => true, done: () => {}, cutShort: () => {} }
  return {
    plannedVus: vus,
    maxVus: vus,
    maxDurationNs: scenario.durationNs + scenario.gracefulStopNs,
    run(host, startNs) {
      begunNs = startNs
      return runClosedLoop(
        {
          scenario: scenario.name,
          vus,
          durationNs: scenario.durationNs,
          gracefulStopNs: scenario.gracefulStopNs,
          turns: () => turns,
        },
        host,
        startNs,
      )
    },
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      return {
        done: share(spentNs, scenario.durationNs),
        labels: [count(allVus, 'VUs'), elapsedLabel(spentNs, scenario.durationNs)],
        askedPerS: undefined,
      }
    },
  }
}
