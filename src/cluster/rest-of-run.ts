/**
 * What is left of a run's scenarios when so many seconds have passed: for an agent that takes a share over. Seconds that
 * nobody worked are not made up for; an agent that fired them all at once would be a load nobody asked for.
 */
import type { ExecutorName, Scenario, Stage } from '#config/types.js'

/** Whose rest is known from the time alone. How many iterations the lost agent had done, nobody knows. */
const BY_TIME: readonly ExecutorName[] = [
  'constant-vus',
  'ramping-vus',
  'constant-arrival-rate',
  'ramping-arrival-rate',
  'externally-controlled',
]

export function canBeTakenOver(executors: Iterable<ExecutorName>): boolean {
  return [...executors].every((executor) => BY_TIME.includes(executor))
}

/** @returns scenarios that still have something to do, timed from `passedNs` on */
export function restOfRun(
  scenarios: Readonly<Record<string, Scenario>>,
  passedNs: number,
): Readonly<Record<string, Scenario>> {
  const rest: Record<string, Scenario> = {}
  for (const [name, scenario] of Object.entries(scenarios)) {
    const left = restOf(scenario, passedNs)
    if (left !== undefined) rest[name] = left
  }
  return rest
}

function restOf(scenario: Scenario, passedNs: number): Scenario | undefined {
  const startTimeNs = Math.max(0, scenario.startTimeNs - passedNs)
  const goneNs = Math.max(0, passedNs - scenario.startTimeNs)
  switch (scenario.executor) {
    case 'constant-vus':
    case 'constant-arrival-rate':
      return goneNs >= scenario.durationNs
        ? undefined
        : { ...scenario, startTimeNs, durationNs: scenario.durationNs - goneNs }
    case 'externally-controlled':
      if (scenario.durationNs === 0) return { ...scenario, startTimeNs }
      return goneNs >= scenario.durationNs
        ? undefined
        : { ...scenario, startTimeNs, durationNs: scenario.durationNs - goneNs }
    case 'ramping-vus': {
      const rest = restOfStages(scenario.startVUs, scenario.stages, goneNs)
      return rest === undefined
        ? undefined
        : { ...scenario, startTimeNs, startVUs: Math.round(rest.from), stages: rest.stages }
    }
    case 'ramping-arrival-rate': {
      const rest = restOfStages(scenario.startRate, scenario.stages, goneNs)
      return rest === undefined
        ? undefined
        : { ...scenario, startTimeNs, startRate: Math.round(rest.from), stages: rest.stages }
    }
    default:
      return undefined
  }
}

/** @returns the value of the line at `goneNs`, and the stages after it; undefined when none is left */
function restOfStages(
  start: number,
  stages: readonly Stage[],
  goneNs: number,
): { from: number; stages: Stage[] } | undefined {
  let from = start
  let leftNs = goneNs
  for (const [i, stage] of stages.entries()) {
    if (leftNs < stage.durationNs) {
      const at = from + ((stage.target - from) * leftNs) / stage.durationNs
      return { from: at, stages: [{ ...stage, durationNs: stage.durationNs - leftNs }, ...stages.slice(i + 1)] }
    }
    leftNs -= stage.durationNs
    from = stage.target
  }
  return undefined
}
