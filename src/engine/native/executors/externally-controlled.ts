import type { Share } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { elapsedLabel, padded, share } from './progress.js'
import { VuSlots } from './slots.js'
import type { Executor } from './types.js'
import { RunWindow } from './window.js'

export interface ControlledExecutor extends Executor {
  /** Changes the number of looping VUs now. Held within 0..maxVUs. */
  setVus(vus: number): void
  /** Stops the loops after their running iteration, and starts as many again. */
  setPaused(paused: boolean): void
}

/** k6 v1's executor whose VUs are set while it runs. A duration of 0 lasts until the run is stopped. */
export function externallyControlled(
  scenario: Extract<Scenario, { executor: 'externally-controlled' }>,
  own: Share,
): ControlledExecutor {
  const max = own.scale(scenario.maxVUs)
  const durationNs = scenario.durationNs === 0 ? Number.POSITIVE_INFINITY : scenario.durationNs
  let vus = own.scale(scenario.vus)
  let paused = false
  let slots: VuSlots | undefined
  let begunNs = 0
  const apply = (): void => slots?.setWanted(paused ? 0 : vus)
  return {
    plannedVus: max,
    maxVus: max,
    maxDurationNs: durationNs,
    setVus(wanted) {
      vus = Math.max(0, Math.min(max, Math.floor(wanted)))
      apply()
    },
    setPaused(wanted) {
      paused = wanted
      apply()
    },
    async run(host, startNs) {
      begunNs = startNs
      const endNs = startNs + durationNs
      const window = new RunWindow(host, startNs, endNs, endNs)
      try {
        if (!(await window.sleepUntil(startNs))) return
        const held = new VuSlots(window, scenario.name)
        slots = held
        apply()
        await (endNs === Number.POSITIVE_INFINITY
          ? new Promise<void>((resolve) => window.onStop(resolve))
          : window.sleepUntil(endNs))
        slots = undefined
        held.setWanted(0)
        await held.whenEmpty()
      } finally {
        window.close()
      }
    },
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      const endless = durationNs === Number.POSITIVE_INFINITY
      return {
        done: endless ? 0 : share(spentNs, durationNs),
        labels: [
          `${padded(slots?.held ?? 0, max)}/${max} VUs`,
          endless ? 'infinite' : elapsedLabel(spentNs, durationNs),
        ],
        askedPerS: undefined,
      }
    },
  }
}
