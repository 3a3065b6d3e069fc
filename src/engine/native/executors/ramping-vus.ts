import type { Crew } from './crew.js'
import { elapsedLabel, padded, share } from './progress.js'
import { planRamp, type RampingVus } from './ramp.js'
import { VuSlots } from './slots.js'
import type { Executor, ScenarioHost } from './types.js'
import { RunWindow } from './window.js'

/** A number of looping VUs that changes linearly from stage to stage. */
export function rampingVus(scenario: RampingVus, crew: Crew): Executor {
  const plan = planRamp(scenario, crew.own)
  const whole = crew.count === 1 ? plan : planRamp(scenario, crew.instance)
  let begunNs = 0

  async function run(host: ScenarioHost, startNs: number): Promise<void> {
    begunNs = startNs
    const window = new RunWindow(host, startNs, startNs + plan.endNs, startNs + plan.hardEndNs)
    const slots = new VuSlots(window, scenario.name, crew.board.held)
    try {
      let h = 0
      for (const step of plan.steps) {
        // At the same instant a start comes first: a VU that is wanted again is not interrupted.
        for (let hard = plan.hardStops[h]; hard !== undefined && hard.atNs < step.atNs; hard = plan.hardStops[++h]) {
          if (await window.sleepUntil(startNs + hard.atNs)) slots.interrupt(hard.vu)
        }
        if (!(await window.sleepUntil(startNs + step.atNs))) break
        slots.setWanted(step.vus)
      }
      // What remains are interruptions, which nobody has to wait for: the VUs may all be back long before.
      for (const { atNs, vu } of plan.hardStops.slice(h)) window.later(startNs + atNs, () => slots.interrupt(vu))
      if (await window.sleepUntil(window.endNs)) slots.setWanted(0)
      await slots.whenEmpty()
    } finally {
      window.close()
    }
  }

  return {
    plannedVus: plan.maxVus,
    maxVus: plan.maxVus,
    maxDurationNs: plan.hardEndNs,
    run,
    progress(nowNs) {
      const spentNs = nowNs - begunNs
      return {
        done: share(spentNs, whole.endNs),
        labels: [
          `${padded(crew.board.held.total, whole.maxVus)}/${whole.maxVus} VUs`,
          elapsedLabel(spentNs, whole.endNs),
        ],
        askedPerS: undefined,
      }
    },
  }
}
