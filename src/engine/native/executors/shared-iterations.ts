import type { Scenario } from '#config/types.js'
import { runClosedLoop, type Turns } from './closed-loop.js'
import type { Crew } from './crew.js'
import { iterationProgress } from './progress.js'
import type { Executor } from './types.js'

/** A fixed number of iterations, shared: whichever VU is free takes the next. */
export function sharedIterations(scenario: Extract<Scenario, { executor: 'shared-iterations' }>, crew: Crew): Executor {
  const vus = crew.own.scale(scenario.vus)
  const allVus = crew.instance.scale(scenario.vus)
  const total = crew.instance.resegment(scenario.vus)?.scale(scenario.iterations) ?? 0
  const { board } = crew
  let begunNs = 0
  const turns: Turns = {
    // Beyond the total each VU takes one number more, which stands for nothing.
    next: () => board.claimed.next() < total,
    done: () => board.done.add(1),
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
            // What nobody took is counted once, by the worker that is through last.
            if (board.through('finished') < crew.count || stopped) return
            const left = total - board.claimed.taken
            if (left > 0) h.dropped(left)
          },
        },
        host,
        startNs,
      )
    },
    progress: (nowNs) =>
      iterationProgress(
        { done: board.done.total, total, vus: allVus, words: 'shared iters' },
        nowNs - begunNs,
        scenario.maxDurationNs,
      ),
  }
}
