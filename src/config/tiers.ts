/** One tier of options (script, file, environment, flags): read values by option key, only those that were given. */
import { BY_KEY, BY_LOWER_KEY, OPTION_TABLE } from './option-table.js'
import { emptyMap, expected, isObject, type Problem, Reading } from './values.js'

export type Tier = Readonly<Record<string, unknown>>

export interface ReadTier {
  readonly tier: Tier
  /** Keys that no option has. */
  readonly unknown: readonly string[]
  readonly problems: readonly Problem[]
}

/**
 * Reads what a script exports as `options`, or a `--config` file. As in k6 the value counts as its JSON: `undefined` is
 * absent, functions are nothing; null is as if absent.
 */
export function readJsonTier(value: unknown, name: string): ReadTier {
  const problems: Problem[] = []
  const tier = emptyMap<unknown>()
  const unknown: string[] = []
  const plain = toJson(value, new Reading(name, problems))
  if (plain === undefined || plain === null) return { tier, unknown, problems }
  if (!isObject(plain)) {
    expected(new Reading(name, problems), 'an object', plain)
    return { tier, unknown, problems }
  }
  for (const [written, item] of Object.entries(plain)) {
    const spec = BY_LOWER_KEY.get(written.toLowerCase())
    if (spec === undefined || !spec.inJson) unknown.push(written)
    else if (item !== null) {
      const read = spec.read(item, new Reading(spec.key, problems))
      if (read !== undefined) tier[spec.key] = read
    }
  }
  return { tier, unknown, problems }
}

/** Reads the `K6_*` variables that stand for options. */
export function readEnvTier(env: Readonly<Record<string, string | undefined>>): ReadTier {
  const problems: Problem[] = []
  const tier = emptyMap<unknown>()
  for (const spec of OPTION_TABLE) {
    const text = spec.env === undefined ? undefined : env[spec.env]
    if (spec.env === undefined || text === undefined || text === '') continue
    const where = `environment variable ${spec.env}=${JSON.stringify(text)}: `
    const read = (spec.readText ?? spec.read)(text, new Reading(spec.env, problems, where))
    if (read !== undefined) tier[spec.key] = read
  }
  return { tier, unknown: [], problems }
}

/** Reads the options that a command line gave, keyed by option; texts where the flag takes text. */
export function readFlagTier(raw: Readonly<Record<string, unknown>>): ReadTier {
  const problems: Problem[] = []
  const tier = emptyMap<unknown>()
  for (const [key, value] of Object.entries(raw)) {
    const spec = BY_KEY.get(key)
    if (spec === undefined) continue
    const fromText = key === 'dns' || (key !== 'tags' && typeof value === 'string' && spec.readText !== undefined)
    const reader = fromText ? (spec.readText ?? spec.read) : spec.read
    const read = reader(value, new Reading(key, problems))
    if (read !== undefined) tier[key] = read
  }
  return { tier, unknown: [], problems }
}

/** How an option prints in k6's JSON; null when it was not given. */
export function showOption(key: string, tier: Tier): unknown {
  if (key === 'dns') return { ttl: null, select: null, policy: null, ...(tier['dns'] as object | undefined) }
  const value = tier[key]
  if (value === undefined) return null
  const show = BY_KEY.get(key)?.show
  return show === undefined ? value : show(value as never)
}

function toJson(value: unknown, at: Reading): unknown {
  try {
    const text = JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item === 'number' && !Number.isFinite(item)) {
        const go = Number.isNaN(item) ? 'NaN' : item > 0 ? '+Inf' : '-Inf'
        at.reportUsage(`error parsing script options: json: unsupported value: ${go}`)
      }
      return item
    })
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  } catch (error) {
    at.reportUsage(`error parsing script options: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
