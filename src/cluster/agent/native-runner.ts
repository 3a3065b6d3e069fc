import type { Clock } from '#base/clock.js'
import { createShare, type Options } from '#config/index.js'
import { NativeEngine } from '#engine/native/engine.js'
import { planVus } from '#engine/native/executors/index.js'
import { chooseWorkers } from '#engine/native/worker-count.js'
import type { Bundle } from '../bundle.js'
import { restOfRun } from '../rest-of-run.js'
import type { ShareRunner, Tell } from './runner.js'

export interface SharePart {
  /** As k6 has it: `1/8:1/4` of `0,1/8,1/4,...,1`. */
  readonly executionSegment: string
  readonly executionSegmentSequence: string
  /** Seconds of the run that have passed when the share begins. */
  readonly fromS: number
}

export async function startNative(bundle: Bundle, part: SharePart, clock: Clock, tell: Tell): Promise<ShareRunner> {
  const engine = await NativeEngine.start(clock, tell)
  const { fromS, executionSegment, executionSegmentSequence } = part
  const scenarios = fromS === 0 ? bundle.options.scenarios : restOfRun(bundle.options.scenarios, fromS * 1e9)
  const options: Options = { ...bundle.options, scenarios, executionSegment, executionSegmentSequence }
  return {
    async prepare() {
      await engine.load({ ...bundle.params, seed: bundle.seed })
      const share = createShare(executionSegment, executionSegmentSequence)
      const workers = chooseWorkers({
        asked: bundle.workers,
        scenarios,
        maxVus: planVus(scenarios, share).maxVus,
        part: share.length.num / share.length.den,
        texts: [bundle.params.code],
      })
      const exported = { ...bundle.exported, executionSegment, executionSegmentSequence }
      await engine.divide(options, exported, engine.canHaveMore ? workers : 1)
      await engine.initVus()
    },
    setup: () => engine.setup(),
    teardown: async (data) => {
      engine.clearStop()
      await engine.teardown(data)
    },
    run: (setupData, atNs) => engine.run(setupData, atNs),
    drain: () => engine.drain(),
    stop: (mode, reason) => engine.stop(mode, reason),
    setVus: (scenario, vus, max) => engine.setVus(scenario, vus, max),
    setPaused: (paused) => engine.setPaused(paused),
    close: () => engine.close(),
  }
}
