/** Options of one run from all their sources, by k6's precedence: defaults < --config < script < environment < flags. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { NS_PER_S } from '#base/duration.js'
import {
  parseSegment,
  parseSegmentSequence,
  formatSegment,
  formatSegmentSequence,
  sequenceContains,
} from './execution-segment.js'
import { type DnsPart, dnsTtlMs } from './network.js'
import { DEFAULT_SYSTEM_TAGS, OPTION_TABLE } from './option-table.js'
import { type ParsedScenarios, scenarioProblems } from './scenarios.js'
import { deriveScenarios } from './shortcuts.js'
import type { ParsedThresholds } from './thresholds.js'
import { type ReadTier, readEnvTier, readJsonTier, showOption, type Tier } from './tiers.js'
import type { Options, Scenario, ThresholdSpec } from './types.js'
import { emptyMap, type Problem } from './values.js'

export interface OptionSources {
  /** What the caller presets, below every tier (its user agent, for one). Keys are option names, values as in a script. */
  readonly defaults?: Readonly<Record<string, unknown>>
  /** Parsed `--config` JSON; unknown keys in it are passed over, as in k6. */
  readonly configFile?: unknown
  /** What the script exports as `options`. */
  readonly script?: unknown
  /** The process environment; only `K6_*` is looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What `parseRunFlags` answers as `options`. */
  readonly flags?: Tier
  /** True when the script exports a function of that name. */
  readonly hasExport: (name: string) => boolean
  /** k6's feature flag `merge-run-tags`: tags of all tiers add up instead of the highest tier's replacing the rest. */
  readonly mergeRunTags?: boolean
}

interface Consolidated {
  readonly options: Options
  /** In k6's words, each once. */
  readonly warnings: readonly string[]
}

const DEFAULT_TREND_STATS: readonly string[] = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']
/**
 * @throws PW_CONFIG_OPTIONS (an option has the wrong form), PW_CONFIG_CONFLICT (two short forms at once),
 *   PW_CONFIG_INVALID (the options make no sense together). Each names every problem of its kind; all exit with 104.
 */
export function consolidateOptions(sources: OptionSources): Consolidated {
  const defaults = readJsonTier(sources.defaults, 'defaults')
  const file = readJsonTier(sources.configFile, 'config file')
  const script = withoutFeatures(readJsonTier(sources.script, 'options'))
  const env = readEnvTier(sources.env ?? {})
  const flags: ReadTier = { tier: sources.flags ?? {}, unknown: [], problems: [] }
  const all = [defaults, file, script, env, flags]
  const problems = all.flatMap((t) => t.problems)
  if (problems.length > 0) throw wrongForm(problems)

  const warnings: string[] = []
  if (script.unknown.length > 0) {
    const names = script.unknown.map((key) => JSON.stringify(key)).join(', ')
    warnings.push(`There were unknown fields in the options exported in the script: ${names}`)
  }
  if (script.hadFeatures) {
    warnings.push('Feature flags in script options are not supported; use --features, K6_FEATURES, or the JSON config')
  }
  let merged = apply(defaults.tier, file.tier)
  for (const [tier, name] of [
    [script.tier, 'script'],
    [env.tier, 'env'],
    [flags.tier, 'cli'],
  ] as const) {
    if (merged['scenarios'] !== undefined && EXECUTION.some((key) => tier[key] !== undefined)) {
      warnings.push(`"${name}" level configuration overrode scenarios configuration entirely`)
    }
    merged = apply(merged, tier)
  }
  if (sources.mergeRunTags) {
    const tags = Object.assign(emptyMap<string>(), ...all.map((t) => t.tier['tags'] ?? {})) as Record<string, string>
    if (Object.keys(tags).length > 0) merged = { ...merged, tags }
  }
  const derived = deriveScenarios(merged)
  if (derived.conflict !== undefined) throw conflict(derived.conflict)
  warnings.push(...derived.warnings)
  const invalid = findProblems(merged, derived.scenarios, sources.hasExport)
  if (invalid.length > 0) throw senseless(invalid)
  return { options: toOptions(merged, derived.scenarios), warnings: [...new Set(warnings)] }
}

/**
 * The options in k6's field names and formats, in k6's order, null where nobody set them: what `exec.test.options`
 * holds. A fresh object each time.
 */
export function exportOptions(options: Options): Record<string, unknown> {
  return structuredClone(options.exported) as Record<string, unknown>
}

/** What `k6 inspect` prints without --execution-requirements: the script's own options alone. */
export function inspectOptions(script: unknown): Record<string, unknown> {
  const read = readJsonTier(script, 'options')
  if (read.problems.length > 0) throw wrongForm(read.problems)
  return show(applyStages(read.tier), true)
}

/** What `k6 inspect --execution-requirements` prints, but for the requirements themselves. */
export function inspectConsolidated(options: Options): Record<string, unknown> {
  const { consoleOutput: _c, localIPs: _l, paused, ...rest } = exportOptions(options)
  return { paused, vus: null, duration: null, iterations: null, stages: null, ...rest, ...options.shortcuts }
}

/** The feature flags of a script only earn a warning. */
function withoutFeatures(read: ReadTier): ReadTier & { readonly hadFeatures: boolean } {
  const { features, ...tier } = read.tier
  return { ...read, tier, hadFeatures: features !== undefined }
}

const EXECUTION = ['duration', 'iterations', 'stages', 'scenarios'] as const

/** `over` wins. Any of the four ways to say how to execute drops all four of the lower tiers. */
function apply(under: Tier, over: Tier): Tier {
  const out = Object.assign(emptyMap<unknown>(), under)
  if (EXECUTION.some((key) => over[key] !== undefined)) for (const key of EXECUTION) delete out[key]
  for (const [key, value] of Object.entries(applyStages(over))) {
    if (key === 'dns') out[key] = { ...(out[key] as DnsPart | undefined), ...(value as DnsPart) }
    else if (key === 'tags' && Object.keys(value as object).length === 0) continue
    else out[key] = value
  }
  return out
}

/** k6 passes over stages without a duration in the short form. */
function applyStages(tier: Tier): Tier {
  const stages = tier['stages'] as readonly { durationNs: number | undefined }[] | undefined
  return stages === undefined ? tier : { ...tier, stages: stages.filter((s) => s.durationNs !== undefined) }
}

function findProblems(tier: Tier, scenarios: ParsedScenarios, hasExport: (name: string) => boolean): string[] {
  const out: string[] = []
  const sequenceText = tier['executionSegmentSequence'] as string | undefined
  if (sequenceText !== undefined) {
    const sequence = parseSegmentSequence(sequenceText)
    const segment = parseSegment((tier['executionSegment'] as string | undefined) ?? '')
    if (!sequenceContains(sequence, segment)) {
      out.push(
        `provided segment ${formatSegment(segment)} can't be found in sequence ${formatSegmentSequence(sequence)}`,
      )
    }
  }
  out.push(...scenarioProblems(scenarios))
  if (typeof tier['setupTimeout'] === 'number' && tier['setupTimeout'] <= 0) out.push('setupTimeout must be positive')
  for (const { scenario } of Object.values(scenarios)) {
    const exec = scenario.exec === '' ? 'default' : scenario.exec
    if (!hasExport(exec)) out.push(`executor ${scenario.name}: function '${exec}' not found in exports`)
  }
  return out
}

function toOptions(tier: Tier, parsed: ParsedScenarios): Options {
  const get = <T>(key: string, fallback: T): T => (tier[key] === undefined ? fallback : (tier[key] as T))
  const dns = get<DnsPart>('dns', {})
  const shown: Tier = {
    ...tier,
    scenarios: parsed,
    summaryTrendStats: get('summaryTrendStats', DEFAULT_TREND_STATS),
    systemTags: get('systemTags', DEFAULT_SYSTEM_TAGS),
  }
  const debug = get('httpDebug', '')
  return {
    scenarios: toScenarios(parsed),
    thresholds: toThresholds(get<ParsedThresholds>('thresholds', {})),
    tags: get('tags', {}),
    systemTags: get('systemTags', DEFAULT_SYSTEM_TAGS),
    setupTimeoutNs: get('setupTimeout', 60 * NS_PER_S),
    teardownTimeoutNs: get('teardownTimeout', 60 * NS_PER_S),
    handleSummaryTimeoutNs: get('handleSummaryTimeout', 120 * NS_PER_S),
    minIterationDurationNs: get('minIterationDuration', 0),
    noSetup: get('noSetup', false),
    noTeardown: get('noTeardown', false),
    noThresholds: get('noThresholds', false),
    noSummary: get('noSummary', false),
    paused: get('paused', false),
    summaryMode: get('summaryMode', 'compact'),
    summaryTrendStats: get('summaryTrendStats', DEFAULT_TREND_STATS),
    summaryTimeUnit: toTimeUnit(get<string | undefined>('summaryTimeUnit', undefined)),
    batch: get('batch', 20),
    batchPerHost: get('batchPerHost', 6),
    maxRedirects: get('maxRedirects', 10),
    rps: get('rps', 0),
    userAgent: get('userAgent', 'perfwright'),
    httpDebug: debug === '' || debug === 'full' ? debug : 'headers',
    traceRequests: get('traceRequests', false),
    throw: get('throw', false),
    insecureSkipTLSVerify: get('insecureSkipTLSVerify', false),
    noConnectionReuse: get('noConnectionReuse', false),
    noVUConnectionReuse: get('noVUConnectionReuse', false),
    noCookiesReset: get('noCookiesReset', false),
    discardResponseBodies: get('discardResponseBodies', false),
    hosts: get('hosts', {}),
    blockHostnames: get<readonly string[]>('blockHostnames', []).map((h) => h.toLowerCase()),
    refusedHosts: get('refusedHosts', []),
    onlyHosts: get('onlyHosts', []),
    blacklistIPs: get('blacklistIPs', []),
    localIPs: get('localIPs', undefined),
    dns: {
      ttlMs: dnsTtlMs(dns.ttl ?? '5m') ?? 300_000,
      select: dns.select ?? 'random',
      policy: dns.policy ?? 'preferIPv4',
    },
    tlsAuth: get('tlsAuth', []),
    tlsVersion: get('tlsVersion', undefined),
    tlsCipherSuites: get('tlsCipherSuites', undefined),
    executionSegment: get('executionSegment', undefined),
    executionSegmentSequence: get('executionSegmentSequence', undefined),
    exported: show(shown, false),
    shortcuts: shownShortcuts(tier, parsed),
    rest: { cloud: get('cloud', undefined), ext: get('ext', undefined) },
  }
}

/** `forInspect`: with the short forms, and without what k6 keeps out of its JSON. */
function show(tier: Tier, forInspect: boolean): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const { key, inJson } of OPTION_TABLE) {
    if (!inJson && (forInspect || !['consoleOutput', 'localIPs'].includes(key))) continue
    if (!forInspect && ['vus', 'duration', 'iterations', 'stages'].includes(key)) continue
    if (key === 'cloud' && tier[key] === undefined) continue
    out[key] = showOption(key, tier)
  }
  return out
}

function shownShortcuts(tier: Tier, parsed: ParsedScenarios): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const key of ['vus', 'duration', 'iterations', 'stages']) out[key] = showOption(key, tier)
  const only = parsed['default']?.scenario
  // `vus` alone stands for as many iterations, and k6 prints them.
  const alone = tier['vus'] !== undefined && EXECUTION.every((key) => key === 'scenarios' || tier[key] === undefined)
  if (alone && only?.executor === 'shared-iterations') out['iterations'] = only.iterations
  return out
}

function toScenarios(parsed: ParsedScenarios): Record<string, Scenario> {
  const out = emptyMap<Scenario>()
  for (const [name, { scenario }] of Object.entries(parsed)) {
    out[name] = scenario.exec === '' ? { ...scenario, exec: 'default' } : scenario
  }
  return out
}

function toThresholds(parsed: ParsedThresholds): Record<string, readonly ThresholdSpec[]> {
  const out = emptyMap<readonly ThresholdSpec[]>()
  for (const [metric, list] of Object.entries(parsed)) out[metric] = list.map((t) => t.spec)
  return out
}

/** k6 checks the unit only when a flag gives it; from a script an unknown one is as if none were given. */
function toTimeUnit(unit: string | undefined): Options['summaryTimeUnit'] {
  return unit === 's' || unit === 'ms' || unit === 'us' ? unit : undefined
}

function wrongForm(problems: readonly Problem[]): PerfwrightError {
  const [first] = problems
  const alone = problems.length === 1 && first !== undefined
  return new PerfwrightError({
    code: 'PW_CONFIG_OPTIONS',
    message: alone ? first.message : listed(problems.map((p) => `${p.where}: ${p.message}`)),
    where: alone ? first.where : 'options',
    fix: 'See grafana.com/docs/k6, "Options reference".',
    exitCode: problems.every((p) => p.usage) ? ExitCode.k6Usage : ExitCode.invalidConfig,
  })
}

function conflict(message: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONFIG_CONFLICT',
    message,
    where: 'options',
    fix: 'Keep one of them, or write them all as scenarios.',
    exitCode: ExitCode.invalidConfig,
  })
}

function senseless(problems: readonly string[]): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CONFIG_INVALID',
    message: listed(problems),
    where: 'options',
    exitCode: ExitCode.invalidConfig,
  })
}

function listed(problems: readonly string[]): string {
  return ['There were problems with the specified script configuration:', ...problems.map((p) => `\t- ${p}`)].join('\n')
}
