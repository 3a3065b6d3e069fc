/** Scenarios: one table per executor of its keys, defaults and rules, in the order in which k6 prints them. */
import { formatDuration, NS_PER_S } from '#base/duration.js'
import type { ExecutorName, Scenario, Stage } from './types.js'
import {
  emptyMap,
  expected,
  isObject,
  type Reader,
  type Reading,
  readDuration,
  readInt,
  readString,
  readStringMap,
  showDuration,
  sortedDeep,
  sorted,
} from './values.js'

/** A scenario whose types are right; its rules are checked by `scenarioProblems`. */
export interface ParsedScenario {
  readonly scenario: Scenario
  /** Keys that were given; the others are null where options are printed. */
  readonly given: ReadonlySet<string>
}
export type ParsedScenarios = Readonly<Record<string, ParsedScenario>>

export const readScenarios: Reader<ParsedScenarios> = (value, at) => {
  if (!isObject(value)) return expected(at, 'an object of scenarios', value)
  const out = emptyMap<ParsedScenario>()
  for (const [name, item] of Object.entries(value)) {
    const parsed = readScenario(name, item, at.under(name))
    if (parsed !== undefined) out[name] = parsed
  }
  return out
}

/** A scenario made from shortcuts, which is as if these keys had been written. */
export function makeScenario(
  name: string,
  executor: ExecutorName,
  given: Readonly<Record<string, unknown>>,
): ParsedScenario {
  const raw = emptyMap<unknown>()
  for (const [key, value] of Object.entries(given)) if (value !== undefined) raw[key] = value
  return { scenario: build(name, executor, raw), given: new Set(Object.keys(raw)) }
}

/** k6's list of what is wrong with each scenario, in k6's words. */
export function scenarioProblems(scenarios: ParsedScenarios): string[] {
  return Object.values(scenarios).flatMap((parsed) => {
    const problems = [...commonProblems(parsed), ...executorProblems(parsed)]
    const { name } = parsed.scenario
    return problems.length === 0 ? [] : [`scenario ${name} has configuration errors: ${problems.join(', ')}`]
  })
}

/** k6's JSON of a scenario: every key of its executor, null where it was not given. */
export function showScenarios(scenarios: ParsedScenarios): unknown {
  const out = emptyMap<unknown>()
  for (const [name, { scenario, given }] of Object.entries(scenarios)) {
    const shown: Record<string, unknown> = { executor: scenario.executor }
    for (const [key, spec] of Object.entries(keysOf(scenario.executor))) {
      const value = (scenario as unknown as Record<string, unknown>)[spec.field]
      if (given.has(key)) shown[key] = spec.show(value as never)
      else if (key !== 'options') shown[key] = null
    }
    out[name] = shown
  }
  return sorted(out)
}

interface Key<T = unknown> {
  readonly field: string
  readonly read: Reader<T>
  readonly show: (value: never) => unknown
  readonly fallback: T | undefined
}

const MIN_DURATION_NS = NS_PER_S
const MAX_VUS = 100_000_000
const NAME = /^[0-9a-zA-Z_-]+$/

const int = (field: string, fallback: number): Key => ({ field, read: readInt, show: (v) => v, fallback })
const duration = (key: string, fallbackNs: number): Key => ({
  field: `${key}Ns`,
  read: readDuration,
  show: showDuration,
  fallback: fallbackNs,
})
const stages: Key = {
  field: 'stages',
  read: (value, at) => readScenarioStages(value, at),
  show: (list: readonly PartialStage[]) => list.map(showStage),
  fallback: [],
}
const COMMON: Readonly<Record<string, Key>> = {
  startTime: duration('startTime', 0),
  gracefulStop: duration('gracefulStop', 30 * NS_PER_S),
  env: { field: 'env', read: readStringMap, show: (v: Record<string, string>) => sorted(v), fallback: {} },
  exec: { field: 'exec', read: readString, show: (v) => v, fallback: 'default' },
  tags: { field: 'tags', read: readStringMap, show: (v: Record<string, string>) => sorted(v), fallback: {} },
  options: { field: 'options', read: readScenarioOptions, show: sortedDeep, fallback: {} },
}
const PER_EXECUTOR: Readonly<Record<ExecutorName, Readonly<Record<string, Key>>>> = {
  'shared-iterations': {
    vus: int('vus', 1),
    iterations: int('iterations', 1),
    maxDuration: duration('maxDuration', 600 * NS_PER_S),
  },
  'per-vu-iterations': {
    vus: int('vus', 1),
    iterations: int('iterations', 1),
    maxDuration: duration('maxDuration', 600 * NS_PER_S),
  },
  'constant-vus': { vus: int('vus', 1), duration: duration('duration', 0) },
  'ramping-vus': {
    startVUs: int('startVUs', 1),
    stages,
    gracefulRampDown: duration('gracefulRampDown', 30 * NS_PER_S),
  },
  'constant-arrival-rate': {
    rate: int('rate', 0),
    timeUnit: duration('timeUnit', NS_PER_S),
    duration: duration('duration', 0),
    preAllocatedVUs: int('preAllocatedVUs', 0),
    maxVUs: int('maxVUs', 0),
  },
  'ramping-arrival-rate': {
    startRate: int('startRate', 0),
    timeUnit: duration('timeUnit', NS_PER_S),
    stages,
    preAllocatedVUs: int('preAllocatedVUs', 0),
    maxVUs: int('maxVUs', 0),
  },
  'externally-controlled': { vus: int('vus', 1), duration: duration('duration', 0), maxVUs: int('maxVUs', 0) },
}

function keysOf(executor: ExecutorName): Readonly<Record<string, Key>> {
  return { ...COMMON, ...PER_EXECUTOR[executor] }
}

function readScenario(name: string, value: unknown, at: Reading): ParsedScenario | undefined {
  if (value !== null && !isObject(value)) return expected(at, 'an object', value)
  const executor = value?.['executor'] ?? value?.['Executor']
  if (executor === undefined || executor === null || executor === '') {
    at.report(`scenario '${name}' doesn't have a specified executor type`)
    return undefined
  }
  if (typeof executor !== 'string') return expected(at.under('executor'), 'a string', executor)
  if (!Object.hasOwn(PER_EXECUTOR, executor)) {
    at.report(`unknown executor type '${executor}'`)
    return undefined
  }
  const known = executor as ExecutorName
  const keys = keysOf(known)
  // Go matches keys without regard to case, so people's scripts may rely on it.
  const byLower = new Map(Object.keys(keys).map((k) => [k.toLowerCase(), k]))
  const raw = emptyMap<unknown>()
  let sound = true
  for (const [written, item] of Object.entries(value ?? {})) {
    const key = byLower.get(written.toLowerCase())
    if (written.toLowerCase() === 'executor' || item === undefined) continue
    if (key === undefined) {
      at.report(`json: unknown field ${JSON.stringify(written)}`)
      sound = false
    } else if (item !== null) {
      const parsed = keys[key]?.read(item, at.under(key))
      if (parsed === undefined) sound = false
      else raw[key] = parsed
    }
  }
  return sound ? { scenario: build(name, known, raw), given: new Set(Object.keys(raw)) } : undefined
}

function build(name: string, executor: ExecutorName, raw: Readonly<Record<string, unknown>>): Scenario {
  const out: Record<string, unknown> = { name, executor }
  for (const [key, spec] of Object.entries(keysOf(executor))) out[spec.field] = raw[key] ?? spec.fallback
  if (executor.endsWith('-arrival-rate') && raw['maxVUs'] === undefined) out['maxVUs'] = out['preAllocatedVUs']
  if (executor === 'externally-controlled' && raw['maxVUs'] === undefined) out['maxVUs'] = out['vus']
  return out as unknown as Scenario
}

/** As written; `toStages` gives a missing part its zero once the rules have been checked. */
interface PartialStage {
  readonly durationNs: number | undefined
  readonly target: number | undefined
}

function readScenarioStages(value: unknown, at: Reading): readonly Stage[] | undefined {
  return readStages(value, at, true) as readonly Stage[] | undefined
}

/** @param strict  refuse unknown keys: k6 does so inside scenarios, not for the shortcut. */
export function readStages(value: unknown, at: Reading, strict: boolean): readonly PartialStage[] | undefined {
  if (!Array.isArray(value)) return expected(at, 'a list of stages', value)
  return value.map((item, i) => {
    const here = at.under(i)
    if (!isObject(item)) {
      expected(here, 'an object with duration and target', item)
      return { durationNs: undefined, target: undefined }
    }
    let durationNs: number | undefined
    let target: number | undefined
    for (const [key, v] of Object.entries(item)) {
      const lower = key.toLowerCase()
      if (v === null || v === undefined) continue
      if (lower === 'duration') durationNs = readDuration(v, here.under('duration'))
      else if (lower === 'target') target = readInt(v, here.under('target'))
      else if (strict) at.report(`json: unknown field ${JSON.stringify(key)}`)
    }
    return { durationNs, target }
  })
}

export function showStage(stage: PartialStage): unknown {
  return {
    duration: stage.durationNs === undefined ? null : showDuration(stage.durationNs),
    target: stage.target ?? null,
  }
}

function readScenarioOptions(value: unknown, at: Reading): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(value)) return expected(at, 'an object', value)
  for (const key of Object.keys(value)) {
    if (key.toLowerCase() !== 'browser') at.report(`json: unknown field ${JSON.stringify(key)}`)
  }
  return value
}

function commonProblems({ scenario, given }: ParsedScenario): string[] {
  const out: string[] = []
  if (scenario.name === '') out.push("scenario name can't be empty")
  if (!NAME.test(scenario.name)) {
    out.push('the scenario name should contain only numbers, latin letters, underscores, and dashes')
  }
  if (given.has('exec') && scenario.exec === '') out.push('exec value cannot be empty')
  if (scenario.startTimeNs < 0) out.push("the startTime can't be negative")
  if (scenario.gracefulStopNs < 0) out.push("the gracefulStop timeout can't be negative")
  return out
}

function executorProblems({ scenario, given }: ParsedScenario): string[] {
  const out: string[] = []
  const say = (wrong: boolean, message: string): void => {
    if (wrong) out.push(message)
  }
  switch (scenario.executor) {
    case 'shared-iterations':
      say(scenario.vus <= 0, 'the number of VUs must be more than 0')
      say(
        scenario.iterations < scenario.vus,
        `the number of iterations (${scenario.iterations}) can't be less than the number of VUs (${scenario.vus})`,
      )
      say(...tooShort('maxDuration', scenario.maxDurationNs))
      break
    case 'per-vu-iterations':
      say(scenario.vus <= 0, 'the number of VUs must be more than 0')
      say(scenario.iterations <= 0, 'the number of iterations must be more than 0')
      say(...tooShort('maxDuration', scenario.maxDurationNs))
      break
    case 'constant-vus':
      say(scenario.vus <= 0, 'the number of VUs must be more than 0')
      if (!given.has('duration')) out.push('the duration is unspecified')
      else say(...tooShort('duration', scenario.durationNs))
      break
    case 'ramping-vus':
      say(scenario.startVUs < 0, "the number of start VUs can't be negative")
      say(
        highest(scenario.startVUs, scenario.stages) <= 0,
        "either startVUs or one of the stages' target values must be greater than 0",
      )
      out.push(...stageProblems(scenario.stages))
      say(scenario.startVUs > MAX_VUS, `the startVUs exceed max limit of ${MAX_VUS}`)
      for (const [i, stage] of scenario.stages.entries()) {
        say(stage.target > MAX_VUS, `target for stage ${i + 1} exceeds max limit of ${MAX_VUS}`)
      }
      break
    case 'constant-arrival-rate':
      if (!given.has('rate')) out.push("the iteration rate isn't specified")
      else say(scenario.rate <= 0, 'the iteration rate must be more than 0')
      say(scenario.timeUnitNs <= 0, 'the timeUnit must be more than 0')
      if (!given.has('duration')) out.push('the duration is unspecified')
      else say(...tooShort('duration', scenario.durationNs))
      out.push(...arrivalVuProblems(scenario.preAllocatedVUs, scenario.maxVUs, given))
      break
    case 'ramping-arrival-rate':
      say(scenario.startRate < 0, "the startRate value can't be negative")
      say(scenario.timeUnitNs <= 0, 'the timeUnit must be more than 0')
      out.push(...stageProblems(scenario.stages))
      out.push(...arrivalVuProblems(scenario.preAllocatedVUs, scenario.maxVUs, given))
      break
    case 'externally-controlled':
      say(scenario.vus < 0, "the number of VUs can't be negative")
      say(
        scenario.maxVUs < scenario.vus,
        `the number of active VUs (${scenario.vus}) must be less than or equal to the number of maxVUs (${scenario.maxVUs})`,
      )
      if (!given.has('duration')) out.push('the duration must be specified, for infinite duration use 0')
      else say(scenario.durationNs < 0, "the duration can't be negative, for infinite duration use 0")
      if (given.has('gracefulStop')) out.push('gracefulStop is not supported by the externally controlled executor')
  }
  return out
}

function tooShort(what: string, ns: number): [boolean, string] {
  return [ns < MIN_DURATION_NS, `the ${what} must be at least 1s, but is ${formatDuration(ns)}`]
}

function arrivalVuProblems(preAllocated: number, max: number, given: ReadonlySet<string>): string[] {
  const out: string[] = []
  if (!given.has('preAllocatedVUs')) out.push("the number of preAllocatedVUs isn't specified")
  else if (preAllocated < 0) out.push("the number of preAllocatedVUs can't be negative")
  if (given.has('maxVUs') && max < preAllocated) out.push("maxVUs can't be less than preAllocatedVUs")
  return out
}

function stageProblems(list: readonly PartialStage[]): string[] {
  if (list.length === 0) return ['at least one stage has to be specified']
  return list.flatMap((stage, i) => {
    const n = i + 1
    const out: string[] = []
    if (stage.durationNs === undefined) out.push(`stage ${n} doesn't have a duration`)
    else if (stage.durationNs < 0) out.push(`the duration for stage ${n} can't be negative`)
    if (stage.target === undefined) out.push(`stage ${n} doesn't have a target`)
    else if (stage.target < 0) out.push(`the target for stage ${n} can't be negative`)
    return out
  })
}

function highest(start: number, list: readonly PartialStage[]): number {
  return list.reduce((max, s) => Math.max(max, s.target ?? 0), start)
}
