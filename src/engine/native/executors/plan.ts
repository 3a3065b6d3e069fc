/**
 * How many VUs a run needs: the scenarios share one pool, so its size is the highest sum, over time, of what each may
 * have in use, the time to finish included.
 */
import { formatDuration } from '#base/duration.js'
import { type Share, WHOLE } from '#config/execution-segment.js'
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
  const list = Object.values(scenarios).sort((a, b) => a.startTimeNs - b.startTimeNs || (a.name < b.name ? -1 : 1))
  const events = list.flatMap((scenario, id) =>
    stepsOf(scenario, own).map((s) => ({ ...s, atNs: s.atNs + scenario.startTimeNs, id })),
  )
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
