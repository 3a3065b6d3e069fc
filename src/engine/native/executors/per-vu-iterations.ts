import type { Share } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { runClosedLoop } from './closed-loop.js'
import { iterationProgress } from './progress.js'
import type { Executor } from './types.js'

/** Every VU runs the same number of iterations, at its own pace. */
export function perVuIterations(scenario: Extract<Scenario, { executor: 'per-vu-iterations' }>, own: Share): Executor {
  const vus = own.scale(scenario.vus)
  const total = vus * scenario.iterations
  let begunNs = 0
  let done = 0
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
              done: () => void done++,
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
        { done, total, vus, words: `iters, ${scenario.iterations} per VU` },
        nowNs - begunNs,
        scenario.maxDurationNs,
      ),
  }
}
