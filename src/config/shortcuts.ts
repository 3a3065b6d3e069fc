/** The short forms `vus`, `duration`, `iterations`, `stages` as the scenario that they stand for (k6 v2.2's rules). */
import type { Tier } from './tiers.js'
import { makeScenario, type ParsedScenarios } from './scenarios.js'

export interface Derived {
  readonly scenarios: ParsedScenarios
  readonly warnings: readonly string[]
  /** One conflict, in k6's words; nothing else can be judged then. */
  readonly conflict: string | undefined
}

export const DEFAULT_SCENARIO = 'default'

export function deriveScenarios(tier: Tier): Derived {
  const { iterations, duration, scenarios } = tier
  const vus = tier['vus'] as number | undefined
  const stages = tier['stages'] as readonly unknown[] | undefined
  const hasStages = stages !== undefined && stages.length > 0
  const given = scenarios as ParsedScenarios | undefined
  if (iterations !== undefined) {
    if (hasStages) return conflict('iterations', 'stages')
    if (given !== undefined) return conflict('iterations', 'scenarios')
    return one('shared-iterations', { vus, iterations, maxDuration: duration })
  }
  if (duration !== undefined) {
    if (hasStages) return conflict('duration', 'stages')
    if (given !== undefined) return conflict('duration', 'scenarios')
    if ((duration as number) <= 0) {
      return failed(
        '`duration` option should be more than 0, for infinite duration use the externally-controlled executor',
      )
    }
    return one('constant-vus', { vus, duration })
  }
  if (hasStages) {
    if (given !== undefined) return conflict('stages', 'scenarios')
    return one('ramping-vus', { startVUs: vus, stages })
  }
  if (vus !== undefined && stages === undefined) {
    const warnings = given === undefined ? [] : [`\`vus=${vus}\` overrides scenarios configuration`]
    return { ...one('shared-iterations', { vus, iterations: vus }), warnings }
  }
  if (given !== undefined && Object.keys(given).length > 0)
    return { scenarios: given, warnings: [], conflict: undefined }
  const warnings: string[] = []
  const fallback = 'was explicitly set to an empty value, running the script with 1 iteration in 1 VU'
  if (stages !== undefined) warnings.push(`\`stages\` ${fallback}`)
  if (given !== undefined) warnings.push(`\`scenarios\` ${fallback}`)
  return { ...one('per-vu-iterations', {}), warnings }
}

type Executor = Parameters<typeof makeScenario>[1]

function one(executor: Executor, given: Readonly<Record<string, unknown>>): Derived {
  return {
    scenarios: { [DEFAULT_SCENARIO]: makeScenario(DEFAULT_SCENARIO, executor, given) },
    warnings: [],
    conflict: undefined,
  }
}

function conflict(a: string, b: string): Derived {
  return failed(`using \`${a}\` and \`${b}\` options simultaneously is not allowed`)
}

function failed(message: string): Derived {
  return { scenarios: {}, warnings: [], conflict: message }
}
