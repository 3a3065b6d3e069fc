/**
 * `run.json` of a run record, format version 1: a public contract. What is not known is `null` and stands in `missing`
 * with its reason; it is never 0. Fields may be added within a version, so readers ignore what they do not know.
 */
import type { MetricType, ValueKind } from '#metrics/types.js'

/** The version that this program writes. */
export const FORMAT_VERSION = 1

export interface RunFile extends RunHeader {
  readonly formatVersion: 1
  /** `running` until the writer's last act; a record that stays so was killed (see `RunRecord.state`). */
  readonly state: 'running' | 'finished'
  /** Wall clock at the end, milliseconds since 1970. */
  readonly endedUnixMs: number | null
  /** Monotonic length in nanoseconds; differs from `endedUnixMs - startedUnixMs` when the wall clock was stepped. */
  readonly durationNs: number | null
  readonly scenarios: readonly ScenarioResult[]
  readonly thresholds: readonly ThresholdVerdictRow[]
  readonly checks: CheckGroup | null
  readonly summary: RunTotals | null
  readonly trust: TrustRow | null
  readonly exit: { readonly code: number; readonly reason: string | null } | null
  readonly missing: readonly Missing[]
  /** How much was written, so that a reader sees what was cut off later; null while the run goes on. */
  readonly written: { readonly windows: number; readonly events: number } | null
}

/** What is known before the first request. */
export interface RunHeader {
  /** Unique; nothing may be read into its form. */
  readonly id: string
  readonly name: string
  /** `load`, `stress`, `soak`, ... where the plan says it. */
  readonly testType: string | null
  readonly tool: { readonly name: string; readonly version: string }
  readonly engine: { readonly name: string; readonly version: string }
  readonly script: ScriptIdentity
  /** Consolidated options in k6's names, secrets redacted. */
  readonly options: Readonly<Record<string, unknown>>
  /** Secrets redacted. */
  readonly commandLine: readonly string[]
  readonly environment: RunEnvironment
  /** The process that writes the record: tells a running record from a killed one. */
  readonly writer: { readonly host: string; readonly pid: number }
  /** Wall clock, milliseconds since 1970. */
  readonly startedUnixMs: number
}

export interface ScriptIdentity {
  readonly path: string
  /** Hash over all sources, in hex: equal hashes ran the same code. */
  readonly sha256: string
  readonly sources: readonly { readonly url: string; readonly sha256: string; readonly bytes: number }[]
}

export interface RunEnvironment {
  readonly hosts: readonly RunHost[]
  /** Commit of the working directory, where it is in a git repository. */
  readonly git: { readonly commit: string; readonly branch: string | null } | null
  /** Capacity of the tested environment as a share of production's, where somebody said it. */
  readonly scalingFactor: number | null
}

export interface RunHost {
  readonly name: string
  readonly role: 'injector' | 'target'
  readonly cores: number | null
  readonly cpuModel: string | null
  readonly memoryBytes: number | null
  readonly os: string | null
  readonly arch: string | null
  /** `{ node: 'v20.19.0' }` */
  readonly runtimes: Readonly<Record<string, string>>
}

export interface ScenarioResult {
  readonly name: string
  readonly executor: string
  /** Iterations that were due; null in a closed model, which asks for none. */
  readonly asked: number | null
  /** Iterations that began. */
  readonly sent: number
  /** Iterations that were due and never began. */
  readonly dropped: number
  /** How long iterations began after their intended start, milliseconds; null when nothing measured it. */
  readonly startLagMs: { readonly med: number; readonly p95: number; readonly p99: number; readonly max: number } | null
}

export interface ThresholdVerdictRow {
  /** `http_req_duration{status:200}` */
  readonly metric: string
  /** As it stands in the script. */
  readonly source: string
  readonly abortOnFail: boolean
  /** Null when the run ended before anything judged it. */
  readonly ok: boolean | null
  /** What the left side came to; null when there was nothing to aggregate. */
  readonly value: number | null
}

export interface CheckGroup {
  readonly name: string
  /** '' for the root, `::outer::inner` below. */
  readonly path: string
  readonly checks: readonly { readonly name: string; readonly passes: number; readonly fails: number }[]
  readonly groups: readonly CheckGroup[]
}

export interface RunTotals {
  /** k6's and the script's metrics, each followed by its parts by tag, then ours. */
  readonly metrics: readonly MetricTotal[]
}

export interface MetricTotal {
  readonly name: string
  readonly type: MetricType
  readonly contains: ValueKind
  /** Unit of the values: `ms`, `bytes`, `1`. A counter's `rate` is that per second; a rate's `rate` is a ratio 0..1. */
  readonly unit: 'ms' | 'bytes' | '1'
  /** perfwright's own metric, not one of k6's or the script's. */
  readonly own: boolean
  /** Samples behind the values. 0 = no data: the values are k6's zeros and mean nothing. */
  readonly count: number
  /** Bound on the error of percentiles as a share of their value; 0 = exact. Null where there are no percentiles. */
  readonly relativeError: number | null
  /** By k6's names: `avg`, `med`, `p(95)`, `rate`, `passes`, ... */
  readonly values: Readonly<Record<string, number>>
}

export interface TrustRow {
  readonly verdict: 'trustworthy' | 'doubtful' | 'not-trustworthy'
  readonly reasons: readonly string[]
}

/** Something that is not in the record, and why. */
export interface Missing {
  /** `run.json`, `series`, `events.ndjson`, ... with the stretch where it is known. */
  readonly what: string
  readonly why: string
}

export interface RecordEvent {
  readonly unixMs: number
  readonly type: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Where and with what a window was measured. */
export interface WindowSpan {
  /** Monotonic nanoseconds since the start of the run. */
  readonly fromNs: number
  readonly toNs: number
  /** Wall clock at its end. */
  readonly unixMs: number
}
