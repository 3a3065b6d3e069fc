/**
 * How many VUs a run needs: the scenarios share one pool, so its size is the highest sum, over time, of what each may
 * have in use, the time to finish included.
 */
import { formatDuration } from '#base/duration.js'
import { type Share, stripeOf, WHOLE } from '#config/execution-segment.js'
import type { Scenario } from '#config/types.js'
import { planRamp } from './ramp.js'

export interface VuStep {
  /** From the start of the run. */
  readonly atNs: number
  /** VUs made before the run starts. */
  readonly planned: number
  /** VUs that arrival-rate scenarios may add beyond. */
  readonly unplanned: number
}

export interface VuPlan {
  readonly steps: readonly VuStep[]
  /** Size of the pool that is initialised before the run. */
  readonly plannedVus: number
  /** k6's `maxVUs`: planned and unplanned together. */
  readonly maxVus: number
  /** When the last scenario ends at the latest, gracefulStop included. */
  readonly totalDurationNs: number
}

export function planVus(scenarios: Readonly<Record<string, Scenario>>, own: Share = WHOLE): VuPlan {
  return planSteps(inOrder(scenarios).map((scenario) => stepsFromStart(scenario, own)))
}

/** How the VUs of an instance are divided over its workers. */
export interface CrewPlan {
  /** By scenario: the worker with which its stripes begin. */
  readonly offsets: Readonly<Record<string, number>>
  /** VUs that each worker makes before the run starts. */
  readonly plannedVus: readonly number[]
}

/**
 * Divides an instance over workers. Scenarios share a worker's pool, so where the odd VUs of each go decides how many
 * VUs all pools hold together: as few as possible, which is k6's number but for rare overlaps of scenarios.
 */
export function planCrew(scenarios: Readonly<Record<string, Scenario>>, instance: Share, workers: number): CrewPlan {
  const offsets: Record<string, number> = {}
  const chosen: VuStep[][][] = Array.from({ length: workers }, () => [])
  let plannedVus: number[] = Array.from({ length: workers }, () => 0)
  for (const scenario of inOrder(scenarios)) {
    const stripes = chosen.map((_, i) => stepsFromStart(scenario, stripeOf(instance, i, workers)))
    const at = (worker: number, offset: number): VuStep[] => stripes[(worker - offset + workers) % workers] ?? []
    let best: { offset: number; planned: number[]; sum: number; most: number } | undefined
    for (let offset = 0; offset < workers; offset++) {
      const planned = chosen.map((steps, w) => planSteps([...steps, at(w, offset)]).plannedVus)
      const choice = { offset, planned, sum: sum(planned), most: Math.max(...planned) }
      if (best === undefined || choice.sum < best.sum || (choice.sum === best.sum && choice.most < best.most))
        best = choice
    }
    const { offset, planned } = best as NonNullable<typeof best>
    offsets[scenario.name] = offset
    plannedVus = planned
    for (const [w, steps] of chosen.entries()) steps.push(at(w, offset))
  }
  return { offsets, plannedVus }
}

/** Numbers of the VUs that worker `index` makes: dense over all workers, in turn. */
export function vuIdsOf(plannedVus: readonly number[], index: number): number[] {
  return Array.from({ length: plannedVus[index] ?? 0 }, (_, k) =>
    // Before the k-th VU of this worker come the first k of every worker, and the k-th of the workers before it.
    plannedVus.reduce((id, planned, w) => id + Math.min(planned, w < index ? k + 1 : k), 1),
  )
}

function inOrder(scenarios: Readonly<Record<string, Scenario>>): Scenario[] {
  return Object.values(scenarios).sort((a, b) => a.startTimeNs - b.startTimeNs || (a.name < b.name ? -1 : 1))
}

function planSteps(list: readonly (readonly VuStep[])[]): VuPlan {
  const events = list.flatMap((steps, id) => steps.map((step) => ({ ...step, id })))
  // Where one scenario ends at the instant at which another starts, the earlier in the list goes first, as in k6.
  events.sort((a, b) => a.atNs - b.atNs || a.id - b.id)
  const planned = list.map(() => 0)
  const unplanned = list.map(() => 0)
  const steps: VuStep[] = []
  let plannedVus = 0
  let maxVus = 0
  for (const event of events) {
    planned[event.id] = event.planned
    unplanned[event.id] = event.unplanned
    const step = { atNs: event.atNs, planned: sum(planned), unplanned: sum(unplanned) }
    plannedVus = Math.max(plannedVus, step.planned)
    maxVus = Math.max(maxVus, step.planned + step.unplanned)
    const last = steps[steps.length - 1]
    if (last?.planned !== step.planned || last.unplanned !== step.unplanned) steps.push(step)
  }
  return { steps, plannedVus, maxVus, totalDurationNs: steps[steps.length - 1]?.atNs ?? 0 }
}

/** What `inspect --execution-requirements` adds to the options. */
export function executionRequirements(
  scenarios: Readonly<Record<string, Scenario>>,
  own: Share = WHOLE,
): { readonly totalDuration: string; readonly maxVUs: number } {
  const plan = planVus(scenarios, own)
  return { totalDuration: formatDuration(plan.totalDurationNs), maxVUs: plan.maxVus }
}

/** From the start of the run. */
function stepsFromStart(scenario: Scenario, own: Share): VuStep[] {
  return stepsOf(scenario, own).map((step) => ({ ...step, atNs: step.atNs + scenario.startTimeNs }))
}

function stepsOf(scenario: Scenario, own: Share): VuStep[] {
  switch (scenario.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      return box(own.scale(scenario.vus), 0, scenario.maxDurationNs + scenario.gracefulStopNs)
    case 'constant-vus':
      return box(own.scale(scenario.vus), 0, scenario.durationNs + scenario.gracefulStopNs)
    case 'ramping-vus':
      return planRamp(scenario, own).occupied.map(({ atNs, vus }) => ({ atNs, planned: vus, unplanned: 0 }))
    case 'constant-arrival-rate':
      return arrivalBox(scenario.preAllocatedVUs, scenario.maxVUs, own, scenario.durationNs + scenario.gracefulStopNs)
    case 'ramping-arrival-rate': {
      const durationNs = scenario.stages.reduce((total, s) => total + s.durationNs, 0)
      return arrivalBox(scenario.preAllocatedVUs, scenario.maxVUs, own, durationNs + scenario.gracefulStopNs)
    }
    case 'externally-controlled':
      return box(own.scale(scenario.maxVUs), 0, scenario.durationNs)
  }
}

function arrivalBox(preAllocated: number, max: number, own: Share, endNs: number): VuStep[] {
  const planned = own.scale(preAllocated)
  return box(planned, own.scale(max) - planned, endNs)
}

/** A duration of 0 (externally-controlled) never ends by itself. */
function box(planned: number, unplanned: number, endNs: number): VuStep[] {
  const from = { atNs: 0, planned, unplanned }
  return endNs === 0 ? [from] : [from, { atNs: endNs, planned: 0, unplanned: 0 }]
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
