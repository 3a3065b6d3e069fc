/** The plan of ramping-vus: how many VUs should loop at each instant, and until when a stopped one may finish. */
import type { Share } from '#config/execution-segment.js'
import type { Scenario, Stage } from '#config/types.js'
import { mulDivFloor } from './instants.js'

export type RampingVus = Extract<Scenario, { executor: 'ramping-vus' }>

export interface RampStep {
  readonly atNs: number
  /** Number of looping VUs from here on. */
  readonly vus: number
}

/**
 * From a to b VUs over D: going up, VU n begins at stageEnd - D (b - n) / (b - a); going down, VU n stops one slot after
 * the instant at which it would have begun, at stageEnd - D (n - 1 - b) / (a - b). The quotient is cut to whole ns before
 * it is subtracted. D = 0 jumps. Offsets are from the scenario's start, rising; the first is 0; equal instants are merged.
 */
export function rampSteps(startVus: number, stages: readonly Stage[], own: Share): RampStep[] {
  const steps: RampStep[] = []
  const add = (atNs: number, vus: number): void => {
    const last = steps[steps.length - 1]
    if (last?.vus === vus) return
    if (last?.atNs === atNs) steps.pop()
    if (steps[steps.length - 1]?.vus !== vus) steps.push({ atNs, vus })
  }
  let a = startVus
  let stageEndNs = 0
  add(0, own.scale(a))
  for (const { durationNs, target: b } of stages) {
    stageEndNs += durationNs
    const ownA = own.scale(a)
    const ownB = own.scale(b)
    if (durationNs === 0) add(stageEndNs, ownB)
    else {
      for (let k = ownA; k < ownB; k++) {
        const n = own.globalIndex(k) + 1
        add(stageEndNs - mulDivFloor(durationNs, b - n, b - a), k + 1)
      }
      for (let k = ownA; k > ownB; k--) {
        const n = own.globalIndex(k - 1) + 1
        add(stageEndNs - mulDivFloor(durationNs, n - 1 - b, a - b), k - 1)
      }
    }
    a = b
  }
  return steps
}

export interface RampPlan {
  readonly steps: readonly RampStep[]
  /** When the last VU loop is asked to stop: the stages' sum, or earlier when they end with 0 VUs. */
  readonly endNs: number
  /** Sum of the stages and gracefulStop: nothing runs after it. */
  readonly hardEndNs: number
  /** When a VU that ramped down is interrupted unless it has been started again; rising. `vu` counts from 0. */
  readonly hardStops: readonly { readonly atNs: number; readonly vu: number }[]
  /** VUs in use including those that may still finish, as steps. */
  readonly occupied: readonly RampStep[]
  readonly maxVus: number
}

export function planRamp(scenario: RampingVus, own: Share): RampPlan {
  const steps = rampSteps(scenario.startVUs, scenario.stages, own)
  const sumNs = scenario.stages.reduce((sum, s) => sum + s.durationNs, 0)
  const hardEndNs = sumNs + scenario.gracefulStopNs
  const last = steps[steps.length - 1]
  const hardStops: { atNs: number; vu: number }[] = []
  const changes: { atNs: number; by: number }[] = []
  // Per VU: the instant at which it was last asked to stop, still within its gracefulRampDown.
  const stopped = new Map<number, number>()
  let current = 0
  let maxVus = 0
  const expire = (vu: number, stopNs: number): void => {
    const atNs = Math.min(stopNs + scenario.gracefulRampDownNs, hardEndNs)
    hardStops.push({ atNs, vu })
    changes.push({ atNs, by: -1 })
  }
  for (const { atNs, vus } of steps) {
    for (; current < vus; current++) {
      const stopNs = stopped.get(current)
      // Started again in time: the VU simply goes on, and its iteration is never interrupted.
      if (stopNs !== undefined && atNs <= stopNs + scenario.gracefulRampDownNs) stopped.delete(current)
      else {
        if (stopNs !== undefined) expire(current, stopNs)
        stopped.delete(current)
        changes.push({ atNs, by: 1 })
      }
    }
    for (; current > vus; current--) stopped.set(current - 1, atNs)
    maxVus = Math.max(maxVus, vus)
  }
  for (const [vu, stopNs] of stopped) expire(vu, stopNs)
  for (let vu = 0; vu < current; vu++) changes.push({ atNs: hardEndNs, by: -1 })
  hardStops.sort((x, y) => x.atNs - y.atNs || y.vu - x.vu)
  return {
    steps,
    endNs: last !== undefined && last.vus === 0 ? last.atNs : sumNs,
    hardEndNs,
    hardStops,
    occupied: toSteps(changes),
    maxVus,
  }
}

function toSteps(changes: { atNs: number; by: number }[]): RampStep[] {
  changes.sort((x, y) => x.atNs - y.atNs)
  const steps: RampStep[] = [{ atNs: 0, vus: 0 }]
  let vus = 0
  for (const { atNs, by } of changes) {
    vus += by
    if (steps[steps.length - 1]?.atNs === atNs) steps.pop()
    if (steps[steps.length - 1]?.vus !== vus) steps.push({ atNs, vus })
  }
  return steps
}
