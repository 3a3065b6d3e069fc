/**
 * What the server and the page say to each other: types only, because both sides import them. Times are seconds since
 * the start of the run; null is "no data", never 0.
 */

/** Event `hello`: what does not change while the run lasts. */
export interface Hello {
  /** Of this server and run; a page that has seen another one starts anew. */
  readonly boot: string
  readonly name: string
  readonly script: string
  readonly engine: string
  readonly startedUnixMs: number
  /** Folder name of the record. */
  readonly record: string
  readonly totalS: number
  readonly scenarios: readonly PlannedScenario[]
  /** Where the numbers come from: the run itself, or the files that it writes. */
  readonly source: 'run' | 'files'
  /** The page can be reached when the run is over. */
  readonly stays: boolean
}

export interface PlannedScenario {
  readonly name: string
  readonly executor: string
  readonly fromS: number
  readonly toS: number
  readonly unit: 'VUs' | 'iterations/s'
  readonly stages: readonly PlannedStage[]
}

export interface PlannedStage {
  readonly fromS: number
  readonly toS: number
  /** VUs or iterations a second at its start and at its end; null where only iterations are planned. */
  readonly from: number | null
  readonly to: number | null
}

/** Event `history`: everything so far, the oldest part coarser. */
export interface HistoryData {
  readonly series: readonly SeriesName[]
  /** Of the newest tick in it. */
  readonly tick: number
  /** End of each step. */
  readonly times: readonly number[]
  /** Seconds that a step covers. */
  readonly steps: readonly (readonly [stepS: number, count: number])[]
  /** By series, then by time. */
  readonly values: readonly (readonly (number | null)[])[]
}

/** `run rps`, `trend http_req_duration p95`, `error 5xx`, `observed host cpu_ratio {device="sda"}`. */
export type SeriesName = string

/** Event `tick`: one second. Its id is `<boot>.<tick>`. */
export interface Tick {
  readonly tick: number
  readonly t: number
  /** Series that are new, from the place `moreFrom` on. */
  readonly more?: readonly SeriesName[]
  readonly moreFrom?: number
  readonly values: readonly (number | null)[]
}

/** Event `table`: rows that changed. */
export interface TableUpdate {
  /** Names of endpoints that are new. */
  readonly names: readonly (readonly [index: number, name: string])[]
  readonly rows: readonly EndpointRow[]
}

/** Milliseconds from send to last byte; `perS` over the last seconds, the rest over the whole run. */
export type EndpointRow = readonly [
  index: number,
  count: number,
  failed: number,
  perS: number,
  avg: number | null,
  p50: number | null,
  p95: number | null,
  p99: number | null,
  max: number | null,
]

/** Event `state`, every second and with every change of the phase. */
export interface LiveStatus {
  readonly phase: string
  readonly elapsedS: number
  readonly paused: boolean
  readonly vus: number
  readonly vusMax: number
  readonly requests: number
  readonly failed: number
  readonly iterations: number
  readonly dropped: number
  readonly scenarios: readonly ScenarioProgress[]
  readonly thresholds: readonly ThresholdState[]
  readonly generator: { readonly cpuRatio: number; readonly lagMs: number } | null
  /** Why the generator's numbers are in doubt now; null while they are not. */
  readonly starved: string | null
  readonly controls: Controls
  /** Set once the run is over. */
  readonly end: RunEnd | null
}

export interface ScenarioProgress {
  readonly name: string
  readonly state: 'waiting' | 'running' | 'done'
  /** 0..1 */
  readonly done: number
  readonly labels: readonly string[]
  readonly askedPerS: number | null
  readonly gotPerS: number | null
  readonly dropped: number
}

export interface ThresholdState {
  readonly metric: string
  /** `p(95)<200` */
  readonly source: string
  /** `p(95)`, `<`, 200 */
  readonly aggregation: string
  readonly operator: string
  readonly limit: number
  readonly ok: boolean
  readonly value: number | null
  /** Room left as a share of the limit; negative when crossed; null where it makes no sense. */
  readonly margin: number | null
  readonly abortOnFail: boolean
  /** Stretches in which it did not hold; the last may be open. */
  readonly bad: readonly (readonly [fromS: number, toS: number | null])[]
}

/** What may be done now; a text says why not. */
export interface Controls {
  readonly stop: true | string
  readonly pause: true | string
  readonly resume: true | string
  readonly scale: true | string
  readonly vus: number | null
  readonly maxVus: number | null
}

export interface RunEnd {
  readonly exitCode: number | null
  readonly reason: string | null
  readonly trust: string | null
}

/** Event `lists`: each part as a whole, when it changed. */
export interface Lists {
  readonly failures?: readonly FailureRow[]
  readonly exceptions?: readonly ExceptionRow[]
  readonly checks?: readonly CheckRow[]
  readonly log?: readonly LogEntry[]
}

export interface FailureRow {
  readonly endpoint: string
  /** `status 503`, `connection refused (code 1212)` */
  readonly what: string
  readonly count: number
  readonly firstS: number
  readonly lastS: number
  readonly example: FailureExample | null
}

export interface FailureExample {
  readonly method: string
  readonly url: string
  readonly requestBody: string | null
  readonly responseBody: string | null
}

export interface ExceptionRow {
  readonly message: string
  readonly count: number
  readonly firstS: number
  readonly lastS: number
}

export interface CheckRow {
  readonly name: string
  readonly passes: number
  readonly fails: number
}

export interface LogEntry {
  readonly t: number
  readonly type: string
  readonly text: string
}

/** One endpoint over the whole run: `GET /api/live/RUN/endpoint?index=N`. */
export interface EndpointHistory {
  readonly name: string
  readonly times: readonly number[]
  readonly perS: readonly (number | null)[]
  readonly failedPerS: readonly (number | null)[]
  readonly p50: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
}

/** How response times are distributed: `GET /api/live/RUN/distribution`. Upper bounds in milliseconds. */
export interface Distribution {
  readonly metric: string
  readonly count: number
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  /** [quantile, value] for a percentile plot. */
  readonly quantiles: readonly (readonly [number, number])[]
}

/** `GET /api/info`. */
export interface ServerInfo {
  readonly version: string
  /** The run that this process carries out, or undefined. */
  readonly run: string | null
  readonly records: boolean
  readonly start: boolean
}

/** `GET /api/records`. */
export interface RecordRow {
  readonly id: string
  readonly name: string
  readonly script: string
  readonly testType: string | null
  readonly startedUnixMs: number
  readonly durationS: number | null
  readonly state: 'finished' | 'running' | 'killed' | 'damaged'
  readonly exitCode: number | null
  readonly reason: string | null
  readonly trust: string | null
  readonly commit: string | null
  readonly branch: string | null
  readonly requests: number | null
  readonly perS: number | null
  readonly failedRatio: number | null
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly findings: { readonly critical: number; readonly warning: number } | null
  /** Why nothing more is known. */
  readonly problem: string | null
}

/** `GET /api/record/ID`. */
export interface RecordDetail extends RecordRow {
  readonly profiles: readonly string[]
  /** It has a page of charts, which goes on while the record is written. */
  readonly live: boolean
  readonly formats: readonly string[]
}

/** `GET /api/compare?a=ID&b=ID`. */
export interface Comparison {
  readonly a: RecordRow
  readonly b: RecordRow
  /** Reasons why the two differ in more than the code under test. */
  readonly differences: readonly string[]
  readonly metrics: readonly ComparedValue[]
  readonly endpoints: readonly ComparedEndpoint[]
  /** p95 of http_req_duration and requests a second over the run, in steps. */
  readonly curves: { readonly a: ComparedCurve; readonly b: ComparedCurve }
}

export interface ComparedCurve {
  readonly times: readonly number[]
  readonly p95: readonly (number | null)[]
  readonly perS: readonly (number | null)[]
}

export interface ComparedValue {
  readonly name: string
  readonly unit: string
  readonly a: number | null
  readonly b: number | null
}

export interface ComparedEndpoint {
  readonly name: string
  readonly a: EndpointNumbers | null
  readonly b: EndpointNumbers | null
}

export interface EndpointNumbers {
  readonly count: number
  readonly failedRatio: number | null
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** `POST /api/live/RUN/control`. */
export type ControlRequest =
  | { readonly action: 'stop' | 'pause' | 'resume' }
  | { readonly action: 'scale'; readonly vus: number; readonly max?: number }

/** `POST /api/start`. */
export interface StartRequest {
  readonly script: string
  readonly name?: string
  readonly vus?: number
  readonly duration?: string
  readonly iterations?: number
  /** `__ENV` of the script. */
  readonly env?: Readonly<Record<string, string>>
}
