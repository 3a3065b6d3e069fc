import type { Cancel } from '#base/clock.js'
import type { Scenario } from '#config/types.js'
import type { Crew } from './crew.js'
import { elapsedLabel, padded, share } from './progress.js'
import { VuSlots } from './slots.js'
import type { Executor } from './types.js'
import { RunWindow } from './window.js'

export interface ControlledExecutor extends Executor {
  /** Changes the number of looping VUs of the whole test now, and the most there may be, which must exist. */
  setVus(vus: number, max: number): void
  /** Stops the loops after their running iteration, and starts as many again. The duration stands still meanwhile. */
  setPaused(paused: boolean): void
}

/**
 * k6 v1's executor whose VUs are set while it runs. A duration of 0 lasts until the run is stopped. VUs that are taken
 * away, and those that run at the end, are interrupted; a pause lets iterations finish (seen on k6 1.8).
 */
export function externallyControlled(
  scenario: Extract<Scenario, { executor: 'externally-controlled' }>,
  crew: Crew,
): ControlledExecutor {
  const planned = crew.own.scale(scenario.maxVUs)
  const durationNs = scenario.durationNs === 0 ? Number.POSITIVE_INFINITY : scenario.durationNs
  const { held } = crew.board
  let vus = scenario.vus
  let max = scenario.maxVUs
  let looping = 0
  let begunNs = 0
  let pausedNs = 0
  let pausedSinceNs: number | undefined
  let running: { readonly slots: VuSlots; readonly window: RunWindow; readonly end: () => void } | undefined
  let cancelEnd: Cancel | undefined

  const apply = (): void => {
    if (running === undefined) return
    const before = looping
    looping = pausedSinceNs === undefined ? crew.own.scale(vus) : 0
    running.slots.setWanted(looping)
    if (pausedSinceNs === undefined) for (let i = looping; i < before; i++) running.slots.interrupt(i)
  }
  const armEnd = (): void => {
    if (running === undefined || durationNs === Number.POSITIVE_INFINITY) return
    cancelEnd = running.window.later(begunNs + durationNs + pausedNs, running.end)
  }

  return {
    plannedVus: planned,
    maxVus: planned,
    get maxDurationNs() {
      return durationNs + pausedNs
    },
    setVus(wanted, most) {
      vus = wanted
      max = most
      apply()
    },
    setPaused(wanted) {
      if (wanted === (pausedSinceNs !== undefined) || running === undefined) return
      const nowNs = running.window.host.clock.nowNs()
      if (wanted) {
        pausedSinceNs = nowNs
        cancelEnd?.()
      } else {
        pausedNs += nowNs - (pausedSinceNs ?? nowNs)
        pausedSinceNs = undefined
        armEnd()
      }
      apply()
    },
    async run(host, startNs) {
      begunNs = startNs
      const window = new RunWindow(host, startNs, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
      try {
        if (!(await window.sleepUntil(startNs))) return
        const slots = new VuSlots(window, scenario.name, held)
        await new Promise<void>((resolve) => {
          running = { slots, window, end: resolve }
          window.onStop(resolve)
          armEnd()
          apply()
        })
        running = undefined
        slots.setWanted(0)
        window.interruptAll()
        await slots.whenEmpty()
      } finally {
        window.close()
      }
    },
    progress(nowNs) {
      const spentNs = (pausedSinceNs ?? nowNs) - begunNs - pausedNs
      const endless = durationNs === Number.POSITIVE_INFINITY
      const most = crew.instance.scale(max)
      return {
        done: endless ? 0 : share(spentNs, durationNs),
        labels: [`${padded(held.total, most)}/${most} VUs`, endless ? 'infinite' : elapsedLabel(spentNs, durationNs)],
        askedPerS: undefined,
      }
    },
  }
}
