import type { Scenario } from '#config/types.js'
import { runClosedLoop } from './closed-loop.js'
import type { Crew } from './crew.js'
import { iterationProgress } from './progress.js'
import type { Executor } from './types.js'

/** Every VU runs the same number of iterations, at its own pace. */
export function perVuIterations(scenario: Extract<Scenario, { executor: 'per-vu-iterations' }>, crew: Crew): Executor {
  const vus = crew.own.scale(scenario.vus)
  const allVus = crew.instance.scale(scenario.vus)
  const { done } = crew.board
  let begunNs = 0
  return {
    plannedVus: vus,
    maxVus: vus,
    maxDurationNs: scenario.maxDurationNs + scenario.gracefulStopNs,
    run(host, startNs) {
      begunNs = startNs
      return runClosedLoop(
        {
          scenario: scenario.name,
          vus,
          durationNs: scenario.maxDurationNs,
          gracefulStopNs: scenario.gracefulStopNs,
          turns() {
            let left = scenario.iterations
            return {
              next: () => left > 0 && left-- > 0,
              done: () => done.add(1),
              cutShort: (h) => left > 0 && h.dropped(left),
            }
          },
        },
        host,
        startNs,
      )
    },
    progress: (nowNs) =>
      iterationProgress(
        {
          done: done.total,
          total: allVus * scenario.iterations,
          vus: allVus,
          words: `iters, ${scenario.iterations} per VU`,
        },
        nowNs - begunNs,
        scenario.maxDurationNs,
      ),
  }
}
