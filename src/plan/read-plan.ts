/** Reads a plan file: every problem at once, each with its line. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { consolidateOptions, optionNames, readJsonTier, type Tier } from '#config/index.js'
import { likeness } from './environment.js'
import { invalidPlan } from './errors.js'
import { nearest } from './nearest.js'
import { type PlanFile, planSchema } from './schema.js'
import { readYaml } from './read-yaml.js'
import { thresholdsOf } from './slo.js'

export interface ReadPlan {
  readonly plan: PlanFile
  /** Scenarios, thresholds and options, read: a tier for `consolidateOptions`. */
  readonly options: Tier
  /** The same in k6's names, as JSON, for the real k6. */
  readonly k6Options: Readonly<Record<string, unknown>>
  readonly scalingFactor: number | undefined
}

/** @throws PW_PLAN_INVALID, which lists every problem with `file:line:column` */
export function readPlan(text: string, name: string): ReadPlan {
  const { value: plan, place } = readYaml(text, name, planSchema)
  const { scalingFactor } = likeness(plan.environment)
  const k6Options = k6OptionsOf(plan)
  const problems: string[] = []
  const tier = readJsonTier(k6Options, 'options')
  for (const key of tier.unknown) {
    const meant = nearest(key, optionNames)
    problems.push(
      `${place(['options', key], true)}: k6 has no option "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    )
  }
  for (const { message, where } of tier.problems) problems.push(`${place(pathOf(where, plan))}: ${where}: ${message}`)
  if (problems.length === 0) problems.push(...combined(tier.tier, (path) => place(path)))
  if (problems.length > 0) throw invalidPlan(problems, name)
  return { plan, options: tier.tier, k6Options, scalingFactor }
}

function k6OptionsOf(plan: PlanFile): Record<string, unknown> {
  const { thresholds: more = {}, ...options } = plan.options ?? {}
  const thresholds: Record<string, unknown> = { ...(more as object) }
  for (const [metric, sources] of Object.entries(thresholdsOf(plan.slo))) {
    const own = thresholds[metric]
    thresholds[metric] = [...sources, ...(Array.isArray(own) ? own : own === undefined ? [] : [own])]
  }
  return {
    ...options,
    ...(plan.scenarios === undefined ? {} : { scenarios: plan.scenarios }),
    ...(Object.keys(thresholds).length === 0 ? {} : { thresholds }),
  }
}

/** What only shows once options stand together: an executor without its stages, VUs that are more than the most. */
function combined(tier: Tier, place: (path: readonly PropertyKey[]) => string): string[] {
  try {
    consolidateOptions({ flags: tier, hasExport: () => true } as Parameters<typeof consolidateOptions>[0])
    return []
  } catch (error) {
    if (!(error instanceof PerfwrightError) || error.exitCode === ExitCode.ourBug) throw error
    const scenario = /scenario ["']?([\w-]+)/.exec(error.message)?.[1]
    return error.message
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `${place(scenario === undefined ? ['scenarios'] : ['scenarios', scenario])}: ${line.trim()}`)
  }
}

/** `scenarios.journey.stages[1].target` where it stands in a plan. */
function pathOf(where: string, plan: PlanFile): PropertyKey[] {
  const parts = where.split(/[.[\]]+/).filter((part) => part !== '')
  const path = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  const [first] = parts
  if (first === 'scenarios' && plan.scenarios !== undefined) return path
  return first === 'options' ? path : ['options', ...path]
}
