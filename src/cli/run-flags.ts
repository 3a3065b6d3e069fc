/** The command line of `perfwright run` (and `inspect`): all flags of `k6 run`, their environment twins, and our own. */
import { parseGoDuration } from '#base/duration.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { readFlagTier, type Tier } from '#config/index.js'
import { parseBreakdownBy } from '#metrics/index.js'
import type { TestType } from '#record/analysis.js'
import { type Flag, flagError, flagHelp, flagTitle, type ParsedFlags, parseFlags } from './flag-table.js'

export interface RunCommand {
  /** Path, URL, or `-` for standard input. */
  readonly script: string
  /** The flags tier for `consolidateOptions`. */
  readonly options: Tier
  readonly runtime: RuntimeSettings
  /** `--help` was given: print `runHelp()`, run nothing. */
  readonly help: boolean
  /** What a plan says beyond options and settings; undefined without one. */
  readonly plan?: RunPlanFacts
}

export interface RunPlanFacts {
  /** URLs that the load is meant for. */
  readonly targets: readonly string[]
  /** Rows by table in production. */
  readonly rows: Readonly<Record<string, number>>
  readonly dataRows: { readonly test: number; readonly production: number } | undefined
  readonly scalingFactor: number | undefined
}

export interface RuntimeSettings {
  /** `--out`, else K6_OUT; the config file's when empty. */
  readonly outputs: readonly string[]
  readonly configFile: string | undefined
  /** `-e` alone; wins over the system's variables. */
  readonly env: Readonly<Record<string, string>>
  readonly includeSystemEnvVars: boolean
  readonly compatibilityMode: 'base' | 'extended' | 'experimental_enhanced'
  readonly type: string | undefined
  readonly summaryExport: string | undefined
  readonly newMachineReadableSummary: boolean
  readonly tracesOutput: string
  readonly quiet: boolean
  readonly verbose: boolean
  readonly logFormat: string
  readonly logOutput: string
  readonly noColor: boolean
  readonly consoleOutput: string | undefined
  readonly linger: boolean | undefined
  /** Threads that carry the load; undefined leaves it to the run. */
  readonly workers: number | undefined
  readonly address: string | undefined
  readonly profilingEnabled: boolean
  readonly features: readonly string[]
  readonly secretSources: readonly string[]
  readonly noUsageReport: boolean
  /** SSLKEYLOGFILE: TLS keys go there for a packet analyser. */
  readonly tlsKeyLog: string | undefined
  /** perfwright's own. */
  readonly record: string | undefined
  readonly summaryBy: readonly string[]
  readonly failOnCheck: boolean
  readonly failOnError: boolean
  readonly strict: boolean
  readonly name: string | undefined
  /** `--test-type`: what the run is to tell. */
  readonly testType: TestType | undefined
  /** `--allow-host`: third parties that the load may reach. */
  readonly allowHosts: readonly string[]
  /** `--only-host`: nothing else is called. */
  readonly onlyHosts: readonly string[]
  readonly engine: 'native' | 'k6'
  /** `--baseline`: its name. */
  readonly baseline: string | undefined
  /** `--cluster`: the load is carried by agents. */
  readonly cluster: ClusterSettings | undefined
  /** `--profile`: undefined takes none. */
  readonly profile: readonly string[] | undefined
  /** Language of `report.html`; undefined with `--no-report`. */
  readonly report: string | undefined
  /** `--slo` */
  readonly slo: string | undefined
  /** `--trace-requests` */
  readonly traceRequests: boolean
  /** Undefined with `--no-observe`. */
  readonly observe:
    | {
        readonly targetPids: readonly number[]
        readonly targetCommand: string | undefined
        readonly uris: readonly string[]
      }
    | undefined
  /** `--dashboard`: its address, '' for the usual one; undefined is off. */
  readonly dashboard: string | undefined
  readonly dashboardKeep: boolean
  readonly dashboardAllowRemote: boolean
  readonly json: boolean
}

export interface ClusterSettings extends BusSettings {
  /** Undefined takes all that are idle. */
  readonly agents: number | undefined
  readonly waitNs: number
  readonly onLoss: 'fail' | 'degrade' | 'spare'
  /** Id of a run whose coordinator died. */
  readonly takeUp: string | undefined
}

/** How the message system is reached. */
export interface BusSettings {
  readonly url: string
  readonly creds: string | undefined
  readonly tls:
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * @param argv  after `run`
 * @throws PW_CLI_FLAG in k6's words, exit 255
 */
export function parseRunFlags(argv: readonly string[], env: Env): RunCommand {
  const parsed = parseFlags(RUN_FLAGS, argv)
  const help = parsed.values.get('help') === true
  if (!help && parsed.args.length !== 1) throw wrongArgs(parsed.args.length)
  return { script: parsed.args[0] ?? '', options: toTier(parsed), runtime: toRuntime(parsed, env, true), help }
}

/** The command line without perfwright's own flags, as k6 takes it. */
export function withoutOwnFlags(argv: readonly string[]): string[] {
  const own = new Map(RUN_FLAGS.filter((flag) => flag.group === OWN).map((flag) => [`--${flag.name}`, flag]))
  const out: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? ''
    const flag = own.get(arg.split('=')[0] ?? '')
    if (flag === undefined) out.push(arg)
    else if (flag.takes !== 'nothing' && !arg.includes('=')) i++
  }
  return out
}

/** Flags of k6 that were given and do nothing here yet; a run must not pass over them in silence. */
export function withoutEffect({ runtime }: RunCommand): string[] {
  const given: [flag: string, isGiven: boolean][] = [
    ['--profiling-enabled', runtime.profilingEnabled],
    ['--traces-output', runtime.tracesOutput !== 'none' && runtime.tracesOutput !== ''],
  ]
  return given.filter(([, isGiven]) => isGiven).map(([flag]) => flag)
}

export interface InspectCommand {
  readonly script: string
  readonly executionRequirements: boolean
  readonly runtime: RuntimeSettings
  readonly help: boolean
}

/** As `parseRunFlags`, for `inspect`, which takes no options of the run. */
export function parseInspectFlags(argv: readonly string[], env: Env): InspectCommand {
  const parsed = parseFlags(INSPECT_FLAGS, argv)
  const help = parsed.values.get('help') === true
  if (!help && parsed.args.length !== 1) throw flagError(`accepts 1 arg(s), received ${parsed.args.length}`)
  return {
    script: parsed.args[0] ?? '',
    executionRequirements: parsed.values.get('execution-requirements') === true,
    runtime: toRuntime(parsed, env, false),
    help,
  }
}

export function runHelp(width?: number): string {
  return [
    'Runs a k6 script: perfwright run [flags] SCRIPT   (a path, a URL, - for standard input, or a plan.yaml)',
    '',
    'Examples:',
    '  perfwright run script.js                          one VU, once',
    '  perfwright run -u 50 -d 30s script.js             50 VUs for 30 s',
    '  perfwright run -u 5 -i 10 script.js               10 iterations shared by 5 VUs',
    '  perfwright run -s 10s:100 -s 1m:100 -s 10s:0 -u 0 script.js',
    '  perfwright run plan.yaml                          what perfwright plan wrote',
    '  perfwright run --out json=samples.json.gz --summary-by endpoint script.js',
    '  perfwright run --out influxdb=http://localhost:8086/k6 --out prometheus-scrape=127.0.0.1:9464 script.js',
    flagHelp(RUN_FLAGS, width),
    '',
    'Every flag that k6 has also reads K6_<NAME> from the environment, ours PERFWRIGHT_<NAME>; flags win.',
  ].join('\n')
}

export function inspectHelp(width?: number): string {
  return [
    'Prints the options of a script as JSON: perfwright inspect [flags] SCRIPT',
    '',
    'Example:',
    '  perfwright inspect --execution-requirements script.js',
    flagHelp(INSPECT_FLAGS, width),
  ].join('\n')
}

/** A flag that sets an option of the run, by the option's name. */
type OptionFlag = Flag & { readonly option?: string; readonly duration?: boolean }

const EXECUTION = 'Load'
const HTTP = 'HTTP'
const RESULTS = 'Results'
const SCRIPT = 'Script'
const GENERAL = 'General'
const OWN = "perfwright's own"

const SCRIPT_FLAGS: readonly OptionFlag[] = [
  {
    name: 'env',
    short: 'e',
    takes: 'each',
    arg: 'NAME=VALUE',
    group: SCRIPT,
    help: 'add or override a variable of __ENV (repeatable)',
  },
  {
    name: 'include-system-env-vars',
    takes: 'nothing',
    group: SCRIPT,
    help: "pass the system's variables to __ENV (on for run)",
  },
  {
    name: 'compatibility-mode',
    takes: 'text',
    arg: 'MODE',
    group: SCRIPT,
    help: 'extended (default: adds "global") or base',
  },
  {
    name: 'type',
    short: 't',
    takes: 'text',
    arg: 'TYPE',
    group: SCRIPT,
    help: 'js or archive, where the file does not say',
  },
  { name: 'no-thresholds', takes: 'nothing', option: 'noThresholds', group: RESULTS, help: 'do not judge thresholds' },
  {
    name: 'summary-mode',
    takes: 'text',
    arg: 'MODE',
    option: 'summaryMode',
    group: RESULTS,
    help: 'compact (default), full, legacy or disabled',
  },
  { name: 'summary-export', takes: 'text', arg: 'FILE', group: RESULTS, help: 'write the end-of-test summary as JSON' },
  {
    name: 'new-machine-readable-summary',
    takes: 'nothing',
    group: RESULTS,
    help: "use k6's new shape for the exported summary and handleSummary()",
  },
  { name: 'traces-output', takes: 'text', arg: 'OUT', group: RESULTS, help: 'none (default) or otel[=host:port]' },
]

const GENERAL_FLAGS: readonly OptionFlag[] = [
  { name: 'config', short: 'c', takes: 'text', arg: 'FILE', group: GENERAL, help: 'JSON file of options' },
  { name: 'quiet', short: 'q', takes: 'nothing', group: GENERAL, help: 'no progress' },
  { name: 'verbose', short: 'v', takes: 'nothing', group: GENERAL, help: 'verbose logging' },
  { name: 'no-color', takes: 'nothing', group: GENERAL, help: 'no colours (also NO_COLOR)' },
  { name: 'log-format', takes: 'text', arg: 'FORMAT', group: GENERAL, help: 'json or raw' },
  {
    name: 'log-output',
    takes: 'text',
    arg: 'OUT',
    group: GENERAL,
    help: 'stderr (default), stdout, none or file=PATH',
  },
  { name: 'address', short: 'a', takes: 'text', arg: 'HOST:PORT', group: GENERAL, help: 'serve the REST API there' },
  { name: 'profiling-enabled', takes: 'nothing', group: GENERAL, help: 'profiling endpoints on the REST API' },
  {
    name: 'secret-source',
    takes: 'each',
    arg: 'SOURCE',
    group: GENERAL,
    help: 'file=PATH, mock=NAME=VALUE or url=urlTemplate=URL with {key} (repeatable)',
  },
  { name: 'help', short: 'h', takes: 'nothing', group: GENERAL, help: 'this text' },
]

/** Every flag of `perfwright run`. Source of names and meanings: `k6 run --help`, v2.2, and what v1 has beyond. */
export const RUN_FLAGS: readonly OptionFlag[] = [
  { name: 'vus', short: 'u', takes: 'int', arg: 'N', option: 'vus', group: EXECUTION, help: 'number of virtual users' },
  {
    name: 'duration',
    short: 'd',
    takes: 'text',
    duration: true,
    arg: 'TIME',
    option: 'duration',
    group: EXECUTION,
    help: 'how long, as 30s or 1h15m',
  },
  {
    name: 'iterations',
    short: 'i',
    takes: 'int',
    arg: 'N',
    option: 'iterations',
    group: EXECUTION,
    help: 'iterations in total, shared by all VUs',
  },
  {
    name: 'stage',
    short: 's',
    takes: 'list',
    arg: 'TIME:VUS',
    group: EXECUTION,
    help: 'ramp to VUS over TIME (repeatable)',
  },
  { name: 'paused', short: 'p', takes: 'nothing', option: 'paused', group: EXECUTION, help: 'start paused' },
  {
    name: 'execution-segment',
    takes: 'text',
    arg: 'PART',
    option: 'executionSegment',
    group: EXECUTION,
    help: 'run only this part of the test: 25%, 1/3, 0.2:2/3',
  },
  {
    name: 'execution-segment-sequence',
    takes: 'text',
    arg: 'POINTS',
    option: 'executionSegmentSequence',
    group: EXECUTION,
    help: 'how all instances share the test: 0,1/3,2/3,1',
  },
  { name: 'no-setup', takes: 'nothing', option: 'noSetup', group: EXECUTION, help: 'do not run setup()' },
  { name: 'no-teardown', takes: 'nothing', option: 'noTeardown', group: EXECUTION, help: 'do not run teardown()' },
  {
    name: 'min-iteration-duration',
    takes: 'text',
    duration: true,
    arg: 'TIME',
    option: 'minIterationDuration',
    group: EXECUTION,
    help: 'least time an iteration takes',
  },
  {
    name: 'max-redirects',
    takes: 'int',
    arg: 'N',
    option: 'maxRedirects',
    group: HTTP,
    help: 'redirects followed (default 10)',
  },
  {
    name: 'batch',
    takes: 'int',
    arg: 'N',
    option: 'batch',
    group: HTTP,
    help: 'parallel requests of a batch (default 20)',
  },
  {
    name: 'batch-per-host',
    takes: 'int',
    arg: 'N',
    option: 'batchPerHost',
    group: HTTP,
    help: '... to one host (default 6)',
  },
  {
    name: 'rps',
    takes: 'int',
    arg: 'N',
    option: 'rps',
    group: HTTP,
    help: 'most requests per second of the whole run',
  },
  { name: 'user-agent', takes: 'text', arg: 'TEXT', option: 'userAgent', group: HTTP, help: 'User-Agent header' },
  {
    name: 'http-debug',
    takes: 'optional',
    alone: 'headers',
    arg: 'full',
    option: 'httpDebug',
    group: HTTP,
    help: 'log requests and responses; =full with bodies',
  },
  {
    name: 'insecure-skip-tls-verify',
    takes: 'nothing',
    option: 'insecureSkipTLSVerify',
    group: HTTP,
    help: 'accept any TLS certificate',
  },
  { name: 'no-connection-reuse', takes: 'nothing', option: 'noConnectionReuse', group: HTTP, help: 'no keep-alive' },
  {
    name: 'no-vu-connection-reuse',
    takes: 'nothing',
    option: 'noVUConnectionReuse',
    group: HTTP,
    help: 'new connections for every iteration',
  },
  { name: 'throw', short: 'w', takes: 'nothing', option: 'throw', group: HTTP, help: 'failed requests throw' },
  {
    name: 'blacklist-ip',
    takes: 'list',
    arg: 'CIDR',
    option: 'blacklistIPs',
    group: HTTP,
    help: 'addresses that must not be called (repeatable)',
  },
  {
    name: 'block-hostnames',
    takes: 'list',
    arg: 'PATTERN',
    option: 'blockHostnames',
    group: HTTP,
    help: 'host names that must not be called, *.example.com (repeatable)',
  },
  {
    name: 'discard-response-bodies',
    takes: 'nothing',
    option: 'discardResponseBodies',
    group: HTTP,
    help: 'read bodies but do not keep them',
  },
  {
    name: 'local-ips',
    takes: 'text',
    arg: 'RANGES',
    option: 'localIPs',
    group: HTTP,
    help: 'own addresses that VUs send from: 10.0.0.1-10.0.0.9,fd:1::0/120',
  },
  {
    name: 'dns',
    takes: 'text',
    arg: 'CONFIG',
    group: HTTP,
    help: 'ttl=5m,select=random,policy=preferIPv4 (the default) or parts of it',
  },
  {
    name: 'summary-trend-stats',
    takes: 'list',
    arg: 'STATS',
    option: 'summaryTrendStats',
    group: RESULTS,
    help: 'avg,min,med,max,p(90),p(95) (the default)',
  },
  { name: 'summary-time-unit', takes: 'text', arg: 'UNIT', group: RESULTS, help: 's, ms or us' },
  {
    name: 'system-tags',
    takes: 'list',
    arg: 'TAGS',
    option: 'systemTags',
    group: RESULTS,
    help: 'only these system tags',
  },
  { name: 'tag', takes: 'each', arg: 'NAME=VALUE', group: RESULTS, help: 'tag of all samples (repeatable)' },
  {
    name: 'console-output',
    takes: 'text',
    arg: 'FILE',
    option: 'consoleOutput',
    group: RESULTS,
    help: "the script's console goes to a file",
  },
  ...SCRIPT_FLAGS,
  {
    name: 'no-summary',
    takes: 'nothing',
    option: 'noSummary',
    group: RESULTS,
    help: 'no summary at the end (as in k6 v1)',
  },
  {
    name: 'out',
    short: 'o',
    takes: 'each',
    arg: 'OUT',
    group: RESULTS,
    help: 'json, csv, parquet=FILE; prometheus-rw, opentelemetry, influxdb, xk6-influxdb, statsd, datadog=URL; prometheus-scrape=HOST:PORT (repeatable; docs/outputs.md)',
  },
  {
    name: 'linger',
    short: 'l',
    takes: 'nothing',
    group: GENERAL,
    help: 'keep the process after the end, until Ctrl-C',
  },
  {
    name: 'no-usage-report',
    takes: 'nothing',
    group: GENERAL,
    help: 'nothing is ever reported; accepted for k6',
    hidden: true,
  },
  {
    name: 'features',
    takes: 'each',
    arg: 'LIST',
    group: GENERAL,
    help: "k6's feature flags: merge-run-tags, freeze-env",
  },
  ...GENERAL_FLAGS,
  {
    name: 'record',
    takes: 'text',
    arg: 'DIR',
    group: OWN,
    help: 'where the run record goes (default .perfwright/runs/...)',
  },
  { name: 'name', takes: 'text', arg: 'NAME', group: OWN, help: 'name of the run' },
  {
    name: 'summary-by',
    takes: 'list',
    arg: 'WHAT',
    group: OWN,
    help: 'break the summary down by endpoint, scenario, group, stage',
  },
  { name: 'fail-on-check', takes: 'nothing', group: OWN, help: 'exit 99 when any check failed' },
  {
    name: 'fail-on-error',
    takes: 'nothing',
    group: OWN,
    help: 'exit 99 when any iteration threw or a request got no answer',
  },
  {
    name: 'workers',
    takes: 'int',
    arg: 'N',
    group: OWN,
    help: 'threads that carry the load (default: one a core where the run is large enough)',
  },
  { name: 'strict', takes: 'nothing', group: OWN, help: 'exit 33 when the injector was saturated, late or starved' },
  {
    name: 'baseline',
    takes: 'text',
    arg: 'NAME',
    group: OWN,
    help: 'judge the run against this baseline: exit 30 regression, 32 cannot tell, 33 not comparable',
  },
  {
    name: 'test-type',
    takes: 'text',
    arg: 'TYPE',
    group: OWN,
    help: 'what the run is to tell: smoke, load, stress, soak, spike, breakpoint (default: told by its load)',
  },
  {
    name: 'allow-host',
    takes: 'each',
    arg: 'HOST',
    group: OWN,
    help: 'let the load reach this paid or rate-limited service (repeatable); else it is refused, see perfwright mock',
  },
  {
    name: 'only-host',
    takes: 'list',
    arg: 'PATTERN',
    group: OWN,
    help: 'call nothing else, whatever the script says: names, *.example.com, addresses (repeatable)',
  },
  {
    name: 'engine',
    takes: 'text',
    arg: 'NAME',
    group: OWN,
    help: 'native (default), or k6: the same command line on the real k6 (PATH or PW_K6)',
  },
  {
    name: 'cluster',
    takes: 'text',
    arg: 'URL',
    group: OWN,
    help: 'share the run among the agents of this NATS: nats://host:4222 (tls:// for TLS), see perfwright cluster --help',
  },
  {
    name: 'cluster-agents',
    takes: 'int',
    arg: 'N',
    group: OWN,
    help: 'agents that share the run (default: all that are idle); waits for them up to --cluster-wait (30s)',
  },
  { name: 'cluster-wait', takes: 'text', arg: 'TIME', group: OWN, help: 'how long to wait for agents' },
  {
    name: 'on-agent-loss',
    takes: 'text',
    arg: 'POLICY',
    group: OWN,
    help: 'fail ends the run, degrade (default) goes on without its share, spare gives it to an idle agent',
  },
  { name: 'cluster-take-up', takes: 'text', arg: 'RUN', group: OWN, help: 'go on with a run whose coordinator died' },
  { name: 'cluster-creds', takes: 'text', arg: 'FILE', group: OWN, help: 'credentials file of the account' },
  { name: 'cluster-tls-ca', takes: 'text', arg: 'FILE', group: OWN, help: 'authority that signed the server' },
  { name: 'cluster-tls-cert', takes: 'text', arg: 'FILE', group: OWN, help: 'own certificate, where the server asks' },
  { name: 'cluster-tls-key', takes: 'text', arg: 'FILE', group: OWN, help: '... and its key' },
  {
    name: 'profile',
    takes: 'text',
    arg: 'KINDS',
    group: OWN,
    help: 'profile the target while the load is steady: auto (what the symptoms call for), or cpu, heap, wall, ...',
  },
  {
    name: 'target-pid',
    takes: 'each',
    arg: 'PID',
    group: OWN,
    help: 'process that the load goes to (default: who listens on the port of the script, on this machine)',
  },
  {
    name: 'target-cmd',
    takes: 'text',
    arg: 'COMMAND',
    group: OWN,
    help: 'start the target, wait until it listens, observe it, end it after the run',
  },
  {
    name: 'observe',
    takes: 'each',
    arg: 'URI',
    group: OWN,
    help: 'watch a service too: postgres://..., mysql://..., mongodb://..., redis://..., prometheus+http://..., otlp://127.0.0.1:4318, go+http://127.0.0.1:6060 (repeatable; docs/observe.md)',
  },
  { name: 'lang', takes: 'text', arg: 'LANGUAGE', group: OWN, help: 'words of report.html: en (default), tr' },
  { name: 'no-report', takes: 'nothing', group: OWN, help: 'write no report.html' },
  { name: 'no-observe', takes: 'nothing', group: OWN, help: 'watch nothing but the injector' },
  {
    name: 'slo',
    takes: 'text',
    arg: 'FILE',
    group: OWN,
    help: 'judge the run by these objectives (OpenSLO v1, Sloth): 31 when one is missed, 32 when it cannot be told',
  },
  {
    name: 'trace-requests',
    takes: 'nothing',
    group: OWN,
    help: 'send a traceparent with each request, so that traces received by --observe otlp:// are joined to it',
  },
  {
    name: 'dashboard',
    takes: 'optional',
    alone: '',
    arg: 'HOST:PORT',
    group: OWN,
    help: 'show the run live in a browser, with control; the terminal prints the URL (default 127.0.0.1:5665)',
  },
  { name: 'dashboard-keep', takes: 'nothing', group: OWN, help: 'keep the dashboard after the run, until Ctrl-C' },
  {
    name: 'dashboard-allow-remote',
    takes: 'nothing',
    group: OWN,
    help: 'let --dashboard listen on an address that other machines reach',
  },
  { name: 'json', takes: 'nothing', group: OWN, help: 'print verdict, trust and summary as one JSON object' },
]

const INSPECT_FLAGS: readonly OptionFlag[] = [
  {
    name: 'execution-requirements',
    takes: 'nothing',
    group: SCRIPT,
    help: 'add total duration, VUs, and derived scenarios',
  },
  ...SCRIPT_FLAGS,
  ...GENERAL_FLAGS,
]

function toTier(parsed: ParsedFlags): Tier {
  const raw: Record<string, unknown> = {}
  for (const flag of RUN_FLAGS) {
    const value = parsed.values.get(flag.name)
    if (value === undefined) continue
    if (flag.duration) raw[flag.option ?? ''] = durationMs(flag, String(value))
    else if (flag.option !== undefined) raw[flag.option] = value
  }
  const stages = parsed.values.get('stage')
  if (Array.isArray(stages)) raw['stages'] = stages.map(toStage)
  const tags = parsed.values.get('tag')
  if (Array.isArray(tags)) raw['tags'] = toTags(tags)
  const dns = parsed.values.get('dns')
  if (dns !== undefined && dns !== '') raw['dns'] = dns
  const unit = parsed.values.get('summary-time-unit')
  if (unit !== undefined && unit !== '') {
    if (unit !== 's' && unit !== 'ms' && unit !== 'us') {
      throw flagError(`invalid summary time unit '${String(unit)}', use 's', 'ms' or 'us'`)
    }
    raw['summaryTimeUnit'] = unit
  }
  const { tier, problems } = readFlagTier(raw)
  const [first] = problems
  if (first !== undefined) {
    const words = problems.map((p) => p.message.replace(/^failed to parse CIDR '/, "error parsing blacklist-ip '"))
    throw flagError(words.join('\n'))
  }
  return tier
}

/** The command line takes Go's own notation only: no bare numbers, no days. */
function durationMs(flag: Flag, text: string): string {
  const result = parseGoDuration(text)
  if ('error' in result)
    throw flagError(`invalid argument ${JSON.stringify(text)} for "${flagTitle(flag)}" flag: ${result.error}`)
  return text
}

function toStage(text: string, i: number): { duration: string; target: number | null } {
  const colon = text.indexOf(':')
  const time = colon < 0 ? text : text.slice(0, colon)
  const target = colon < 0 ? '' : text.slice(colon + 1)
  if (time === '') throw flagError(`stage ${i} doesn't have a specified duration`)
  const result = parseGoDuration(time)
  if ('error' in result) throw flagError(`error for stage ${i}: ${result.error}`)
  if (target !== '' && !/^[+-]?\d{1,15}$/.test(target)) {
    throw flagError(`error for stage ${i}: strconv.ParseInt: parsing ${JSON.stringify(target)}: invalid syntax`)
  }
  return { duration: time, target: target === '' ? null : Number(target) }
}

function toTags(list: readonly string[]): Record<string, string> {
  const tags: Record<string, string> = Object.create(null)
  for (const text of list) {
    const eq = text.indexOf('=')
    if (eq === 0) throw flagError(`error parsing tag '${text}': invalid tag, empty name`)
    if (eq < 0 || eq === text.length - 1) throw flagError(`error parsing tag '${text}': invalid tag, empty value`)
    tags[text.slice(0, eq)] = text.slice(eq + 1)
  }
  return tags
}

/** What is named on the command line wins over the variable; with both flags nobody could know what was meant. */
function watchesNothing(parsed: ParsedFlags, asked: boolean | undefined): boolean {
  const named = ['target-cmd', 'target-pid', 'observe'].find((name) => parsed.values.has(name))
  if (named !== undefined && parsed.values.get('no-observe') === true)
    throw flagError(`--no-observe and --${named} contradict each other`)
  return asked === true && named === undefined
}

const MODES = ['base', 'extended', 'experimental_enhanced'] as const

function toRuntime(parsed: ParsedFlags, env: Env, systemEnv: boolean): RuntimeSettings {
  const text = (name: string, variable?: string): string | undefined => {
    const value = parsed.values.get(name)
    if (typeof value === 'string') return value
    const fallback = variable === undefined ? undefined : env[variable]
    return fallback === '' ? undefined : fallback
  }
  const bool = (name: string, variable?: string): boolean | undefined => {
    const value = parsed.values.get(name)
    if (typeof value === 'boolean') return value
    const fallback = variable === undefined ? undefined : env[variable]
    if (variable === undefined || fallback === undefined) return undefined
    if (/^(1|t|true)$/i.test(fallback)) return true
    if (/^(0|f|false)$/i.test(fallback)) return false
    throw flagError(
      `env var '${variable}' is not a valid boolean value: strconv.ParseBool: parsing ${JSON.stringify(fallback)}: invalid syntax`,
    )
  }
  const list = (name: string, variable: string): readonly string[] => {
    const value = parsed.values.get(name)
    if (Array.isArray(value)) return value
    return env[variable] ? env[variable].split(',') : []
  }
  const mode = text('compatibility-mode', 'K6_COMPATIBILITY_MODE') ?? 'extended'
  const known = MODES.find((m) => m === mode)
  if (known === undefined) {
    throw flagError(`invalid compatibility mode "${mode}". Use: "extended", "base", "experimental_enhanced"`)
  }
  const logOutput = text('log-output', 'K6_LOG_OUTPUT') ?? 'stderr'
  if (!/^(stderr|stdout|none|file|loki)(=|$)/.test(logOutput)) throw flagError(`unsupported log output '${logOutput}'`)
  const engine = text('engine', 'PERFWRIGHT_ENGINE') ?? 'native'
  if (engine !== 'native' && engine !== 'k6') {
    throw flagError(`unknown engine '${engine}'`, 'Engines are native (the default) and k6.')
  }
  return {
    outputs: list('out', 'K6_OUT'),
    configFile: text('config', 'K6_CONFIG'),
    env: toEnv(list('env', '')),
    includeSystemEnvVars: bool('include-system-env-vars', 'K6_INCLUDE_SYSTEM_ENV_VARS') ?? systemEnv,
    compatibilityMode: known,
    type: text('type', 'K6_TYPE'),
    summaryExport: text('summary-export', 'K6_SUMMARY_EXPORT'),
    newMachineReadableSummary: bool('new-machine-readable-summary', 'K6_NEW_MACHINE_READABLE_SUMMARY') ?? false,
    tracesOutput: text('traces-output', 'K6_TRACES_OUTPUT') ?? 'none',
    quiet: bool('quiet') ?? false,
    verbose: bool('verbose') ?? false,
    logFormat: text('log-format', 'K6_LOG_FORMAT') ?? '',
    logOutput,
    // Both variables mean it by being there, whatever they say (no-color.org).
    noColor: bool('no-color') ?? Boolean(env['K6_NO_COLOR'] || env['NO_COLOR']),
    consoleOutput: text('console-output', 'K6_CONSOLE_OUTPUT'),
    linger: bool('linger', 'K6_LINGER'),
    address: text('address', 'K6_ADDRESS'),
    profilingEnabled: bool('profiling-enabled', 'K6_PROFILING_ENABLED') ?? false,
    features: list('features', 'K6_FEATURES').flatMap((f) => f.split(',')),
    secretSources: list('secret-source', 'K6_SECRET_SOURCE'),
    noUsageReport: bool('no-usage-report', 'K6_NO_USAGE_REPORT') ?? false,
    tlsKeyLog: env['SSLKEYLOGFILE'] || undefined,
    report: bool('no-report', 'PERFWRIGHT_NO_REPORT') ? undefined : (text('lang', 'PERFWRIGHT_LANG') ?? 'en'),
    observe: watchesNothing(parsed, bool('no-observe', 'PERFWRIGHT_NO_OBSERVE'))
      ? undefined
      : {
          targetPids: list('target-pid', 'PERFWRIGHT_TARGET_PID').map(toPid),
          targetCommand: text('target-cmd', 'PERFWRIGHT_TARGET_CMD'),
          uris: list('observe', 'PERFWRIGHT_OBSERVE'),
        },
    slo: text('slo', 'PERFWRIGHT_SLO'),
    traceRequests: bool('trace-requests', 'PERFWRIGHT_TRACE_REQUESTS') ?? false,
    record: text('record', 'PERFWRIGHT_RECORD'),
    profile: toProfile(text('profile', 'PERFWRIGHT_PROFILE')),
    summaryBy: toSummaryBy(list('summary-by', 'PERFWRIGHT_SUMMARY_BY')),
    failOnCheck: bool('fail-on-check', 'PERFWRIGHT_FAIL_ON_CHECK') ?? false,
    failOnError: bool('fail-on-error', 'PERFWRIGHT_FAIL_ON_ERROR') ?? false,
    strict: bool('strict', 'PERFWRIGHT_STRICT') ?? false,
    workers: toWorkers(text('workers', 'PERFWRIGHT_WORKERS') ?? (env['PW_WORKERS'] || undefined)),
    name: text('name', 'PERFWRIGHT_NAME'),
    baseline: text('baseline', 'PERFWRIGHT_BASELINE'),
    testType: toTestType(text('test-type', 'PERFWRIGHT_TEST_TYPE')),
    allowHosts: list('allow-host', 'PERFWRIGHT_ALLOW_HOST'),
    onlyHosts: list('only-host', 'PERFWRIGHT_ONLY_HOST'),
    engine,
    cluster: toCluster(text),
    dashboard: text('dashboard', 'PERFWRIGHT_DASHBOARD'),
    dashboardKeep: bool('dashboard-keep', 'PERFWRIGHT_DASHBOARD_KEEP') ?? false,
    dashboardAllowRemote: bool('dashboard-allow-remote', 'PERFWRIGHT_DASHBOARD_ALLOW_REMOTE') ?? false,
    json: bool('json', 'PERFWRIGHT_JSON') ?? false,
  }
}

const LOSS_POLICIES = ['fail', 'degrade', 'spare'] as const

function toCluster(text: (name: string, variable?: string) => string | undefined): ClusterSettings | undefined {
  const url = text('cluster', 'PERFWRIGHT_CLUSTER')
  if (url === undefined) return undefined
  const policy = text('on-agent-loss', 'PERFWRIGHT_ON_AGENT_LOSS') ?? 'degrade'
  const onLoss = LOSS_POLICIES.find((one) => one === policy)
  if (onLoss === undefined) throw flagError(`there is no policy '${policy}'`, `Use ${LOSS_POLICIES.join(', ')}.`)
  const agents = text('cluster-agents', 'PERFWRIGHT_CLUSTER_AGENTS')
  const wanted = agents === undefined ? undefined : Number(agents)
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0 && wanted <= 10_000))
    throw flagError(`invalid number of agents '${agents}'`, 'Give a whole number from 1 to 10000.')
  const takeUp = text('cluster-take-up')
  if (takeUp !== undefined && !/^[0-9a-f]{1,32}$/.test(takeUp)) throw flagError(`'${takeUp}' is no id of a run`)
  const wait = parseGoDuration(text('cluster-wait', 'PERFWRIGHT_CLUSTER_WAIT') ?? '30s')
  if (!('ns' in wait)) throw flagError('--cluster-wait takes a time such as 30s')
  return {
    ...toBus(url, text),
    agents: wanted,
    waitNs: wait.ns,
    onLoss,
    takeUp,
  }
}

/** The flags that say how the message system is reached, for every command that has them. */
export function toBus(url: string, text: (name: string, variable?: string) => string | undefined): BusSettings {
  const ca = text('cluster-tls-ca', 'PERFWRIGHT_CLUSTER_TLS_CA')
  const cert = text('cluster-tls-cert', 'PERFWRIGHT_CLUSTER_TLS_CERT')
  const key = text('cluster-tls-key', 'PERFWRIGHT_CLUSTER_TLS_KEY')
  return {
    url,
    creds: text('cluster-creds', 'PERFWRIGHT_CLUSTER_CREDS'),
    tls: ca === undefined && cert === undefined && key === undefined ? undefined : { ca, cert, key },
  }
}

const MOST_WORKERS = 256

function toWorkers(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const workers = Number(value)
  if (Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS) return workers
  throw flagError(`invalid number of workers '${value}'`, `Give a whole number from 1 to ${MOST_WORKERS}.`)
}

function toEnv(list: readonly string[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null)
  for (const text of list) {
    const eq = text.indexOf('=')
    const name = eq < 0 ? text : text.slice(0, eq)
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw flagError(`invalid environment variable name '${name}'`)
    out[name] = eq < 0 ? '' : text.slice(eq + 1)
  }
  return out
}

function toPid(text: string): number {
  const pid = Number(text)
  if (Number.isInteger(pid) && pid > 0) return pid
  throw flagError(`--target-pid ${text} is no process number`)
}

const TEST_TYPES: readonly TestType[] = ['smoke', 'load', 'stress', 'soak', 'spike', 'breakpoint']

function toTestType(given: string | undefined): TestType | undefined {
  if (given === undefined) return undefined
  const found = TEST_TYPES.find((type) => type === given)
  if (found !== undefined) return found
  throw flagError(`there is no test type '${given}'`, `Use one of ${TEST_TYPES.join(', ')}.`)
}

const PROFILES = ['auto', 'cpu', 'wall', 'heap', 'alloc', 'block', 'lock', 'goroutine']

function toProfile(given: string | undefined): readonly string[] | undefined {
  if (given === undefined || given === 'off') return undefined
  const kinds = given.split(',').map((kind) => kind.trim())
  const wrong = kinds.find((kind) => !PROFILES.includes(kind))
  if (wrong === undefined) return kinds
  throw flagError(
    `there is no profile of kind '${wrong}'`,
    `Use auto, off, or some of ${PROFILES.slice(1).join(', ')}.`,
  )
}

const BREAKDOWNS = ['endpoint', 'scenario', 'group', 'stage']

function toSummaryBy(list: readonly string[]): readonly string[] {
  const wrong = list.find((what) => parseBreakdownBy(what) === undefined)
  if (wrong === undefined) return list
  throw flagError(`cannot break the summary down by '${wrong}'`, `Use any of ${BREAKDOWNS.join(', ')}, or tag:NAME.`)
}

function wrongArgs(n: number): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_CLI_ARGS',
    message: `accepts 1 arg(s), received ${n}: arg should either be "-", if reading script from stdin, or a path to a script file`,
    fix: 'perfwright run [flags] script.js',
    exitCode: ExitCode.k6Usage,
  })
}
