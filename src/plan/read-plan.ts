/** Reads a plan file: every problem at once, each with its line. */
import { isMap, isPair, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { consolidateOptions, optionNames, readJsonTier, type Tier } from '#config/index.js'
import { likeness } from './environment.js'
import { invalidPlan } from './errors.js'
import { nearest } from './nearest.js'
import { type PlanFile, planSchema } from './schema.js'
import { thresholdsOf } from './slo.js'

export interface ReadPlan {
  readonly plan: PlanFile
  /** Scenarios, thresholds and options, read: a tier for `consolidateOptions`. */
  readonly options: Tier
  /** The same in k6's names, as JSON, for the real k6. */
  readonly k6Options: Readonly<Record<string, unknown>>
  readonly scalingFactor: number | undefined
}

const maxChars = 1024 * 1024

/** @throws PW_PLAN_INVALID, which lists every problem with `file:line:column` */
export function readPlan(text: string, name: string): ReadPlan {
  if (text.length > maxChars) throw invalidPlan([`${name}: a plan is at most 1 MiB long`], name)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  if (document.errors.length > 0)
    throw invalidPlan(
      document.errors.map(({ message, pos }) => `${at(pos[0])}: ${message.split('\n')[0]?.replace(/ at line.*$/, '')}`),
      name,
    )
  const place = (path: readonly PropertyKey[], key = false): string => at(offsetOf(document, path, key))
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw invalidPlan([`${name}: ${(error as Error).message}`], name, error)
  }
  const read = planSchema.safeParse(value)
  if (!read.success)
    throw invalidPlan(
      read.error.issues.flatMap((issue) => describe(issue, value, place)),
      name,
    )
  const plan = read.data
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

function describe(
  issue: z.core.$ZodIssue,
  value: unknown,
  place: (path: readonly PropertyKey[], key?: boolean) => string,
): string[] {
  const { path } = issue
  const label = path.length === 0 ? '' : `${path.map(String).join('.')}: `
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path)
    return issue.keys.map((key) => {
      const meant = nearest(key, known)
      const hint = meant === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${meant}"?`
      return `${place([...path, key], true)}: ${label}there is no "${key}"${known.length === 0 ? '' : hint}`
    })
  }
  const given = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value)
  if (issue.code === 'invalid_value') {
    const options = issue.values.map(String)
    const meant = nearest(String(given), options)
    const hint = meant === undefined ? `one of ${options.join(', ')}` : `did you mean "${meant}"?`
    const what = given === undefined ? 'is missing' : `there is no ${JSON.stringify(given)}`
    return [`${place(path)}: ${label}${what}; ${hint}`]
  }
  if (issue.code === 'invalid_format') {
    const wants = /must match|Invalid string/.test(issue.message)
      ? `it wants another form`
      : `it wants ${issue.message}`
    return [`${place(path)}: ${label}${JSON.stringify(given)} cannot be read; ${wants}`]
  }
  if (given === undefined && path.length > 0) return [`${place(path)}: ${label}is missing`]
  return [`${place(path)}: ${label}${issue.message}`]
}

/** Keys that the schema has at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let node: unknown = planSchema
  for (const key of path) node = unwrap((unwrap(node) as { shape?: Record<PropertyKey, unknown> }).shape?.[key])
  return Object.keys((unwrap(node) as { shape?: object } | undefined)?.shape ?? {})
}

function unwrap(node: unknown): unknown {
  const optional = node as { unwrap?: () => unknown; shape?: object } | undefined
  return optional?.shape === undefined && typeof optional?.unwrap === 'function' ? unwrap(optional.unwrap()) : node
}

/** Where a value stands, or its key; for what is missing, the nearest thing that holds it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[], key: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const holder = length === 1 ? document.contents : parent
    if (isMap(holder)) {
      const pair = holder.items.find(
        (item) => isPair(item) && String((item.key as { value?: unknown })?.value) === String(last),
      )
      const node = (key && length === path.length ? pair?.key : (pair?.value ?? pair?.key)) as
        | { range?: readonly number[] }
        | undefined
      if (node?.range?.[0] !== undefined) return node.range[0]
    }
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined
    if (node?.range?.[0] !== undefined) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}
