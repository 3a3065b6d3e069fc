import type { Scenario } from '#config/types.js'
import type { Share } from '#config/execution-segment.js'
import { runClosedLoop, type Turns } from './closed-loop.js'
import { iterationProgress } from './progress.js'
import type { Executor } from './types.js'

/** A fixed number of iterations, shared: whichever VU is free takes the next. */
export function sharedIterations(scenario: Extract<Scenario, { executor: 'shared-iterations' }>, own: Share): Executor {
  const vus = own.scale(scenario.vus)
  const total = own.resegment(scenario.vus)?.scale(scenario.iterations) ?? 0
  let begunNs = 0
  let attempted = 0
  let done = 0
  const turns: Turns = {
    next: () => attempted < total && ++attempted > 0,
    done: () => void done++,
    cutShort: () => {},
  }
  return {
    plannedVus: vus,
    maxVus: vus,
    maxDurationNs: scenario.maxDurationNs + scenario.gracefulStopNs,
    run(host, startNs) {
      begunNs = startNs
      return runClosedLoop(
        {
          scenario: scenario.name,
          vus: total === 0 ? 0 : vus,
          durationNs: scenario.maxDurationNs,
          gracefulStopNs: scenario.gracefulStopNs,
          turns: () => turns,
          finished: (h, stopped) => {
            if (!stopped && attempted < total) h.dropped(total - attempted)
          },
        },
        host,
        startNs,
      )
    },
    progress: (nowNs) =>
      iterationProgress({ done, total, vus, words: 'shared iters' }, nowNs - begunNs, scenario.maxDurationNs),
  }
}
