/**
 * What the coordinator (which owns the terminal, the record and the verdict) and a load worker (which runs the person's
 * script) say to each other. Plain data only: the same messages cross a thread, and one day a network.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Options } from '#config/types.js'
import type { Metric, MetricType, ValueKind, WindowBatch } from '#metrics/types.js'
import type { ThreadHealth } from '../injector/types.js'
import type { SecretSources } from '../modules/secrets/sources.js'
import type { BoardMemory } from '../executors/crew.js'
import type { CrewPlan } from '../executors/index.js'
import type { SharedRowsData } from '../modules/data/index.js'
import type { LogFields, Phase } from '../types.js'

/** Calls of the coordinator; each is answered once. */
export interface WorkerCalls {
  load(params: LoadParams): LoadedScript
  /** What the init context read and built, for the workers that join. */
  seed(params: Record<string, never>): Seed
  configure(params: { options: Options; exported: Record<string, unknown>; crew: CrewParams }): void
  /** Makes the VUs that the plan gives this worker. */
  initVus(params: Record<string, never>): void
  /** Answers the returned value as JSON text, undefined when it returned nothing. */
  setup(params: Record<string, never>): { data: string | undefined }
  /** Resolves when every scenario has ended. `startNs` is the same instant for all workers; undefined is now. */
  run(params: { setupData: string | undefined; startNs: number | undefined }): void
  /** Replaces the setup data for VUs that have not read it yet. */
  setSetupData(params: { data: string | undefined }): void
  /** Of the externally-controlled scenarios. */
  setPaused(params: { paused: boolean }): void
  setVus(params: { scenario: string; vus: number; max: number }): void
  stop(params: { mode: 'graceful' | 'now'; reason: string }): void
  teardown(params: { data: string | undefined }): void
  handleSummary(params: { data: string }): { outputs: Record<string, string | Uint8Array> | undefined }
  drain(params: Record<string, never>): void
  close(params: Record<string, never>): void
}

export interface LoadParams {
  readonly code: string
  readonly filename: string
  readonly sourceMap: string
  readonly needsOwnRealm: boolean
  /** Specifiers of the k6 modules that the script imports. */
  readonly modules: readonly string[]
  readonly entryUrl: string
  readonly env: Readonly<Record<string, string>>
  readonly rawSamples: boolean
  /** Tag samples with the stage of their scenario (`--summary-by stage`). */
  readonly tagStages: boolean
  /** Int32: [0] 0 = run, 1 = no new iterations, 2 = interrupt now. Read by loops that never await. */
  readonly stopFlag: SharedArrayBuffer
  readonly proxyEnv: Readonly<Record<string, string>>
  /** `--secret-source`. */
  readonly secrets?: SecretSources | undefined
  /** For every worker but the first, which ran the init context. */
  readonly seed?: Seed
}

export interface Seed {
  /** The script changes built-in objects, so that every VU needs a global of its own. */
  readonly ownRealms: boolean
  /** Rows of SharedArrays, in shared memory, by name. */
  readonly rows: readonly (readonly [name: string, data: SharedRowsData])[]
  /** Files that were read, in shared memory, by URL. */
  readonly files: readonly (readonly [url: string, bytes: Uint8Array])[]
}

/** A worker's place among those of its instance. */
export interface CrewParams {
  readonly index: number
  readonly memory: BoardMemory
  readonly plan: CrewPlan
  /** Ways to the other workers, by their index. */
  readonly peers: readonly (MessagePort | undefined)[]
}

/** From worker to worker: start the iteration of the scenario (by its place in the options) that was due. */
export type HandOver = readonly [scenario: number, dueNs: number]

export interface LoadedScript {
  /** The exported `options`, as JSON; undefined when there are none. */
  readonly options: unknown
  /** Names of exported functions. */
  readonly functions: readonly string[]
  /** Custom metrics that the init context defined. */
  readonly metrics: readonly { readonly name: string; readonly type: MetricType; readonly contains: ValueKind }[]
}

/** Raw samples with what a reader needs to make sense of them; announced once each. */
export interface SampleBatch {
  readonly metrics: readonly Metric[]
  readonly tagSets: WindowBatch['tagSets']
  readonly samples: readonly RawSample[]
}

export interface RawSample {
  readonly metric: number
  readonly tags: number
  readonly value: number
  readonly unixMs: number
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** News of the worker, unasked. */
export type WorkerEvent =
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'window'; readonly window: WorkerWindow }
  | { readonly type: 'samples'; readonly batch: SampleBatch }
  | { readonly type: 'abort'; readonly reason: string; readonly kind: 'abort' | 'fail' }
  /** An example of a request that failed: a few of each kind in a run. */
  | { readonly type: 'request-error'; readonly error: RequestError }
  /** Something for the record's events. */
  | { readonly type: 'note'; readonly name: string; readonly detail: Readonly<Record<string, unknown>> }
  /** A script was given this secret: from now on it must not be shown. */
  | { readonly type: 'secret'; readonly value: string }

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
  readonly unixMs: number
}

/** One second of a worker. */
export interface WorkerWindow {
  readonly unixMs: number
  /** When it was measured, counted from the start of the load, where that is not the time since the window before came. */
  readonly span?: { readonly fromNs: number; readonly toNs: number }
  readonly batch: WindowBatch
  readonly scenarios: readonly ScenarioState[]
  readonly vusActive: number
  readonly vusInitialized: number
  readonly iterationsCompleted: number
  readonly iterationsInterrupted: number
  /** Undefined in a window too short to tell (the last one of a run). */
  readonly health: readonly ThreadHealth[]
  readonly errors: readonly ErrorSample[]
  /** What `k6/http` asked for since the last window; left out when that is nothing. */
  readonly inputs?: readonly RequestInputs[]
  /** CSV files of the init context; with the first window of a worker. */
  readonly data?: readonly ScriptData[]
}

/** Different requests behind the name of an endpoint. */
export interface RequestInputs {
  readonly endpoint: string
  /** `127.0.0.1:8080`, as the script names it. */
  readonly host: string
  readonly requests: number
  /** Hashes of URL and body that this worker had not sent before; it stops at some thousands. */
  readonly fresh: readonly number[]
}

export interface ScriptData {
  readonly file: string
  /** Without the header. */
  readonly rows: number
}

export interface ScenarioState {
  readonly name: string
  readonly state: 'waiting' | 'running' | 'done'
  readonly done: number
  readonly labels: readonly string[]
  readonly askedPerS: number | undefined
  /** Iterations begun and dropped so far, and those that the plan had asked for by now (open model). */
  readonly started: number
  readonly dropped: number
}

export interface ErrorSample {
  readonly message: string
  readonly count: number
}

export interface RequestError {
  /** `GET /orders` */
  readonly endpoint: string
  readonly method: string
  readonly url: string
  /** 0 when no answer came. */
  readonly status: number
  /** k6's code and words; 0 and '' when an answer came. */
  readonly errorCode: number
  readonly error: string
  /** Their beginnings. */
  readonly requestBody?: string
  readonly responseBody?: string
  /** The header of this name. */
  readonly retryAfter?: string
  readonly unixMs: number
}

export interface WorkerFailure {
  readonly message: string
  /** The mapped stack, k6's form. */
  readonly stack: string | undefined
  readonly kind: 'exception' | 'timeout' | 'interrupted' | 'config' | 'unmarshalable' | 'internal'
  readonly phase: Phase
  readonly code?: string
  readonly fix?: string
  /** For the log line of a failure without a stack. */
  readonly fields?: Readonly<Record<string, string>>
}

export type ToWorker = { readonly id: number; readonly call: keyof WorkerCalls; readonly params: unknown }
export type FromWorker =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: WorkerFailure }
  | { readonly event: WorkerEvent }
