/**
 * Every option of a run, once: its k6 name, its environment variable, how it is read and how it is printed. The order is
 * that of k6's JSON. Source: grafana.com/docs/k6, "Options reference", and what `k6 inspect` prints.
 */
import { formatSegment, formatSegmentSequence, parseSegment, parseSegmentSequence } from './execution-segment.js'
import {
  readCidrs,
  readCipherSuites,
  readDns,
  readDnsText,
  readHostnamePatterns,
  readHosts,
  readLocalIps,
  readTlsAuth,
  readTlsVersion,
} from './network.js'
import { readScenarios, readStages, showScenarios, showStage } from './scenarios.js'
import { readThresholds, showThresholds } from './thresholds.js'
import {
  expected,
  isObject,
  type Reader,
  type Reading,
  readBool,
  readDuration,
  readInt,
  readString,
  readStringMap,
  readStrings,
  showDuration,
  sortedDeep,
  sorted,
} from './values.js'

export interface OptionSpec<T = unknown> {
  /** k6's name in scripts and files. */
  readonly key: string
  /** Variable of the environment tier. */
  readonly env: string | undefined
  /** False: only flags and environment set it (k6 keeps it out of its JSON). */
  readonly inJson: boolean
  readonly read: Reader<T>
  /** Reads the environment's text; `read` when absent. */
  readonly readText?: Reader<T>
  readonly show?: (value: never) => unknown
}

const opt = (key: string, read: Reader<unknown>, extra: Partial<OptionSpec> = {}): OptionSpec => ({
  key,
  env: `K6_${key.replace(/[A-Z]+/g, (upper) => `_${upper}`).toUpperCase()}`,
  inJson: true,
  read,
  ...extra,
})
const bool = (key: string, extra: Partial<OptionSpec> = {}): OptionSpec =>
  opt(key, readBool, { readText: readBoolText, ...extra })
const int = (key: string, extra: Partial<OptionSpec> = {}): OptionSpec => opt(key, readInt, extra)
const duration = (key: string): OptionSpec => opt(key, readDuration, { show: showDuration })
const list = (key: string, read: Reader<unknown>, extra: Partial<OptionSpec> = {}): OptionSpec =>
  opt(key, read, { readText: (value, at) => read(splitList(String(value)), at), ...extra })
const json = (key: string, read: Reader<unknown>, extra: Partial<OptionSpec> = {}): OptionSpec =>
  opt(key, read, { env: undefined, ...extra })

/** Those that are on by default, in k6's order, and the four that are not. */
export const DEFAULT_SYSTEM_TAGS: readonly string[] = [
  'proto',
  'subproto',
  'status',
  'method',
  'url',
  'name',
  'group',
  'check',
  'error',
  'error_code',
  'tls_version',
  'scenario',
  'service',
  'expected_response',
]
const SYSTEM_TAGS = [...DEFAULT_SYSTEM_TAGS, 'iter', 'vu', 'ocsp_status', 'ip']
const SUMMARY_MODES = ['compact', 'full', 'legacy', 'disabled'] as const

export const OPTION_TABLE: readonly OptionSpec[] = [
  bool('paused'),
  int('vus'),
  duration('duration'),
  int('iterations'),
  list('stages', (value, at) => readStages(value, at, false), {
    readText: (value, at) => readStagesText(splitList(String(value)), at),
    show: (stages: never[]) => stages.map(showStage),
  }),
  json('scenarios', readScenarios, { show: showScenarios }),
  json('executionSegment', segmentReader, { show: (text: string) => formatSegment(parseSegment(text)) }),
  json('executionSegmentSequence', sequenceReader, {
    show: (text: string) => formatSegmentSequence(parseSegmentSequence(text)),
  }),
  bool('noSetup'),
  duration('setupTimeout'),
  bool('noTeardown'),
  duration('teardownTimeout'),
  duration('handleSummaryTimeout'),
  int('rps'),
  opt('dns', readDns, { readText: readDnsText }),
  int('maxRedirects'),
  opt('userAgent', readString),
  int('batch'),
  int('batchPerHost'),
  opt('httpDebug', readString),
  bool('insecureSkipTLSVerify', { env: 'K6_INSECURE_SKIP_TLS_VERIFY' }),
  list('tlsCipherSuites', readCipherSuites),
  json('tlsVersion', readTlsVersion, { show: showTlsVersion }),
  json('tlsAuth', readTlsAuth, { show: showTlsAuth }),
  bool('throw'),
  json('thresholds', readThresholds, { show: showThresholds }),
  list('blacklistIPs', readCidrs, { env: 'K6_BLACKLIST_IPS' }),
  list('blockHostnames', readHostnamePatterns),
  json('hosts', readHosts),
  bool('noConnectionReuse'),
  bool('noVUConnectionReuse', { env: 'K6_NO_VU_CONNECTION_REUSE' }),
  duration('minIterationDuration'),
  json('cloud', (value) => value, { show: sortedDeep }),
  json('ext', (value, at) => (isObject(value) ? value : expected(at, 'an object', value)), { show: sortedDeep }),
  list('summaryTrendStats', readTrendStats),
  opt('summaryTimeUnit', readString),
  list('systemTags', readSystemTags, {
    show: (tags: readonly string[]) => (tags.length === 0 ? null : [...tags].sort()),
  }),
  opt('tags', readStringMap, { readText: readTagsText, show: (tags: Record<string, string>) => sorted(tags) }),
  int('metricSamplesBufferSize'),
  bool('noCookiesReset'),
  bool('discardResponseBodies'),
  json('features', readStrings),
  // Not in k6's JSON, yet last in `exec.test.options`.
  opt('consoleOutput', readString, { inJson: false }),
  opt('localIPs', readLocalIps, { inJson: false, env: 'K6_LOCAL_IPS' }),
  // Runtime settings of k6 that perfwright keeps among the options.
  opt('noThresholds', readBool, { inJson: false, readText: readGoBoolText }),
  opt('noSummary', readBool, { inJson: false, readText: readGoBoolText }),
  opt('summaryMode', readSummaryMode, { inJson: false }),
]

/** Options by lower-case name: Go, and so k6, matches keys without regard to case. */
export const BY_LOWER_KEY: ReadonlyMap<string, OptionSpec> = new Map(OPTION_TABLE.map((o) => [o.key.toLowerCase(), o]))
/** Options that a script may export. */
export const optionNames: readonly string[] = OPTION_TABLE.filter((o) => o.inJson).map((o) => o.key)
export const BY_KEY: ReadonlyMap<string, OptionSpec> = new Map(OPTION_TABLE.map((o) => [o.key, o]))

function readSummaryMode(value: unknown, at: Reading): (typeof SUMMARY_MODES)[number] | undefined {
  const found = SUMMARY_MODES.find((mode) => mode === value)
  if (found === undefined) at.reportUsage('invalid summary mode')
  return found
}

/** `5s:10`, one per stage; a missing target is found later, with the scenario. */
function readStagesText(
  texts: readonly string[],
  at: Reading,
): readonly { durationNs: number | undefined; target: number | undefined }[] {
  return texts.map((text) => {
    const colon = text.indexOf(':')
    const time = colon < 0 ? text : text.slice(0, colon)
    const target = colon < 0 ? '' : text.slice(colon + 1)
    return {
      durationNs: time === '' ? undefined : readDuration(time, at),
      target: target === '' ? undefined : readInt(target, at),
    }
  })
}

function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',')
}

function segmentReader(value: unknown, at: Reading): string | undefined {
  return segmentText(value, at, parseSegment)
}

function sequenceReader(value: unknown, at: Reading): string | undefined {
  return segmentText(value, at, parseSegmentSequence)
}

function segmentText(value: unknown, at: Reading, parse: (text: string) => unknown): string | undefined {
  const text = readString(value, at)
  if (text === undefined) return undefined
  try {
    parse(text)
    return text
  } catch (error) {
    at.report(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

/** k6 reads most of its boolean variables with a strict reader ... */
function readBoolText(value: unknown, at: Reading): boolean | undefined {
  if (value === 'true' || value === 'false') return value === 'true'
  at.report(`invalid input:${String(value)}`)
  return undefined
}

/** ... and some with Go's `ParseBool`. */
function readGoBoolText(value: unknown, at: Reading): boolean | undefined {
  const result = parseGoBool(String(value))
  if (result === undefined) {
    const why = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`
    at.reportUsage(`env var '${at.name}' is not a valid boolean value: ${why}`)
  }
  return result
}

function parseGoBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return undefined
}

function readTagsText(value: unknown, at: Reading): Readonly<Record<string, string>> | undefined {
  const out: Record<string, string> = Object.create(null)
  for (const item of splitList(String(value))) {
    const parts = item.split(':')
    if (parts.length !== 2 || parts[0] === undefined || parts[1] === undefined) {
      at.report(`invalid map item: ${JSON.stringify(item)}`)
      return undefined
    }
    out[parts[0]] = parts[1]
  }
  return out
}

/** k6 passes over names that are no system tags. */
function readSystemTags(value: unknown, at: Reading): readonly string[] | undefined {
  return readStrings(value, at)?.filter((tag) => SYSTEM_TAGS.includes(tag))
}

/** `avg`, `min`, `med`, `max`, `count`, `p(99.9)`. */
function readTrendStats(value: unknown, at: Reading): readonly string[] | undefined {
  const stats = readStrings(value, at)
  for (const stat of stats ?? []) {
    if (['avg', 'min', 'med', 'max', 'count'].includes(stat)) continue
    const percentile = /^p\((.*)\)$/.exec(stat)?.[1]
    if (percentile === undefined) at.reportUsage(`invalid trend stat '${stat}', unknown format`)
    else if (!/^\d+(\.\d+)?$/.test(percentile) || Number(percentile) > 100) {
      at.reportUsage(`invalid percentile trend stat value '${stat}', provide a number between 0 and 100`)
    }
  }
  return stats
}

function showTlsVersion(version: { min: string | undefined; max: string | undefined }): unknown {
  return { min: version.min ?? '', max: version.max ?? '' }
}

function showTlsAuth(
  auths: readonly { cert: string; key: string; password: string | undefined; domains: readonly string[] }[],
): unknown {
  return auths.map(({ cert, key, password, domains }) => ({ cert, key, password: password ?? null, domains }))
}
