import type { Share } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { runClosedLoop, type Turns } from './closed-loop.js'
import { count, elapsedLabel, share } from './progress.js'
import type { Executor } from './types.js'

/** A fixed number of VUs, each starting iteration after iteration until the duration is over. */
export function constantVus(scenario: Extract<Scenario, { executor: 'constant-vus' }>, own: Share): Executor {
  const vus = own.scale(scenario.vus)
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
        labels: [count(vus, 'VUs'), elapsedLabel(spentNs, scenario.durationNs)],
        askedPerS: undefined,
      }
    },
  }
}
