/** The stages of a run as its options plan them, for the page's bands and its progress. */
import type { Scenario } from '#config/types.js'
import type { PlannedScenario, PlannedStage } from './wire.js'

export function plannedScenario(scenario: Scenario): PlannedScenario {
  const fromS = scenario.startTimeNs / 1e9
  const { name, executor } = scenario
  switch (scenario.executor) {
    case 'ramping-vus':
      return withStages({ name, executor, fromS, unit: 'VUs' }, scenario.startVUs, scenario.stages, 1)
    case 'ramping-arrival-rate': {
      const perS = 1e9 / scenario.timeUnitNs
      return withStages({ name, executor, fromS, unit: 'iterations/s' }, scenario.startRate, scenario.stages, perS)
    }
    case 'constant-arrival-rate': {
      const rate = (scenario.rate * 1e9) / scenario.timeUnitNs
      return flat({ name, executor, fromS, unit: 'iterations/s' }, scenario.durationNs, rate)
    }
    case 'constant-vus':
    case 'externally-controlled':
      return flat({ name, executor, fromS, unit: 'VUs' }, scenario.durationNs, scenario.vus)
    case 'shared-iterations':
    case 'per-vu-iterations':
      return flat({ name, executor, fromS, unit: 'VUs' }, scenario.maxDurationNs, scenario.vus)
  }
}

/** Iterations a second that an open scenario asks for at `t`; undefined in a closed model and outside of its time. */
export function askedPerS(scenario: PlannedScenario, t: number): number | undefined {
  if (scenario.unit !== 'iterations/s') return undefined
  const stage = scenario.stages.find(({ fromS, toS }) => t >= fromS && t < toS)
  if (stage?.from == null || stage.to === null) return undefined
  const done = stage.toS > stage.fromS ? (t - stage.fromS) / (stage.toS - stage.fromS) : 1
  return stage.from + (stage.to - stage.from) * done
}

type Head = Pick<PlannedScenario, 'name' | 'executor' | 'fromS' | 'unit'>

function flat(head: Head, durationNs: number, level: number): PlannedScenario {
  const toS = head.fromS + durationNs / 1e9
  return { ...head, toS, stages: [{ fromS: head.fromS, toS, from: level, to: level }] }
}

function withStages(
  head: Head,
  start: number,
  stages: readonly { readonly durationNs: number; readonly target: number }[],
  factor: number,
): PlannedScenario {
  let [at, level] = [head.fromS, start]
  const out = stages.map(({ durationNs, target }): PlannedStage => {
    const stage = { fromS: at, toS: at + durationNs / 1e9, from: level * factor, to: target * factor }
    at = stage.toS
    level = target
    return stage
  })
  return { ...head, toS: at, stages: out }
}
