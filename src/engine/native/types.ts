/**
 * What the pieces of the native engine know of one another. A module (`k6/http`, ...) is made once per VU from that
 * VU's `VuScope` and shares nothing with another VU except what the engine shares on purpose.
 */
import type { Cancel, Clock } from '#base/clock.js'
import type { Options, Scenario } from '#config/types.js'
import type { BuiltinMetrics } from '#metrics/builtin.js'
import type { Metric, MetricType, SampleSink, TagSet, ValueKind } from '#metrics/types.js'
import type { Connections } from './http1/types.js'
import type { CookieStore } from './modules/http/cookie-jar.js'
import type { SecretVault } from './modules/secrets/vault.js'
import type { RequestError } from './worker/protocol.js'

/**
 * Constructors of the script's own global. Values that a script may test with `instanceof`, and every error that it may
 * catch, are made with these, never with the engine's own.
 */
export interface Realm {
  readonly global: Record<string, unknown>
  readonly Object: ObjectConstructor
  readonly Array: ArrayConstructor
  readonly Error: ErrorConstructor
  readonly TypeError: TypeErrorConstructor
  /** k6's class for errors that its modules throw: `String(e)` is 'GoError: text', `e.name` 'GoError', instanceof Error. */
  readonly GoError: ErrorConstructor
  readonly Promise: PromiseConstructor
  readonly JSON: JSON
  readonly ArrayBuffer: ArrayBufferConstructor
  readonly Uint8Array: Uint8ArrayConstructor
  readonly Map: MapConstructor
  readonly Date: DateConstructor
  readonly Function: FunctionConstructor
}

export type Phase = 'init' | 'setup' | 'vu' | 'teardown' | 'handleSummary'

/** One VU as its modules see it. */
export interface VuScope {
  readonly realm: Realm
  readonly options: Options
  readonly clock: Clock
  readonly phase: Phase
  /** `__VU`; 0 in the first init, setup, teardown, handleSummary. */
  readonly id: number
  /** `__ITER`. */
  readonly iteration: number
  readonly scenario: ScenarioRun | undefined
  /** Tags that every sample of this VU now carries: run, scenario, `exec.vu.metrics.tags`, group. Interned; replaced on change. */
  tags: TagSet
  readonly metadata: Record<string, string> | undefined
  /** Current group path, '' or '::a::b'. */
  groupPath: string
  readonly samples: SampleSink
  readonly builtin: BuiltinMetrics
  readonly loop: VuLoop
  readonly log: ScriptLog
  readonly connections: Connections
  /** Defines or finds a metric; k6's rules for names and redefinition. Init context only. */
  defineMetric(name: string, type: MetricType, contains: ValueKind): Metric
  /** Files of the init context, shared by all VUs. */
  readonly files: ScriptFiles
  /** State that a whole worker shares (SharedArray rows, caches), keyed by the module that owns it. */
  shared<T>(key: string, make: () => T): T
  /** `exec.test.abort(reason)` and `exec.test.fail(reason)`. `abort` throws the interruption. */
  abort(reason: string): never
  fail(reason: string): void
  readonly execution: ExecutionView
  /** `Math.random` of this VU becomes this function (`randomSeed`). */
  setRandom(random: () => number): void
  /** Milliseconds by which this iteration began after its intended start; 0 in a closed model. */
  readonly startLagMs: number
  /** Bytes on the wire since the engine last took them (`data_sent`, `data_received`): modules add, the engine emits and zeroes. */
  dataSent: number
  dataReceived: number
  /** The run's limit of requests per second (`rps`): calls `go` when this request may leave; undefined = no limit. */
  readonly rateLimit: ((go: () => void) => Cancel) | undefined
  /** `__ENV` of this VU, with the scenario's own variables. */
  environment(): Readonly<Record<string, string>>
  /** Takes an example of a request that failed; whoever calls sees to it that they are few. */
  requestError?(error: RequestError): void
  /** Called when the VU is closed (end of the run, of setup, ...), with what a module keeps beyond an iteration. */
  onClose(close: () => void | Promise<void>): void
  /** Set by a module that has work to do around every iteration. */
  iterationHooks?: IterationHooks | undefined
  /** `--secret-source`; undefined when none is configured. */
  readonly secrets?: SecretVault | undefined
  /** The VU's cookies, made on first use; the engine sets undefined at the start of an iteration unless `noCookiesReset`. */
  cookieJar?: CookieStore | undefined
}

/** Neither is part of the iteration's duration; an iteration whose `before` rejects does not run. */
export interface IterationHooks {
  before(): Promise<void>
  after(): Promise<void>
}

/** Numbers behind `k6/execution`; read when asked, never kept up to date on the hot path. */
export interface ExecutionView {
  readonly idInInstance: number
  readonly idInTest: number
  readonly iterationInScenario: number
  readonly scenarioProgress: () => number
  readonly scenarioIterationInInstance: number
  readonly scenarioIterationInTest: number
  readonly testRunDurationMs: () => number
  readonly iterationsCompleted: () => number
  readonly iterationsInterrupted: () => number
  readonly vusActive: () => number
  readonly vusInitialized: () => number
}

export interface ScenarioRun {
  readonly name: string
  readonly config: Scenario
  /** Unix ms. */
  readonly startTimeMs: number
}

/**
 * The event loop of one VU. A blocking k6 call holds it: while `blocked > 0` no timer, WebSocket or asyncRequest
 * callback of this VU runs, as in k6. An iteration ends when its function settled and nothing is registered any more.
 */
export interface VuLoop {
  /**
   * Runs a blocking operation: answers a promise (of the script's realm) that the compiled code awaits.
   * `start` gets resolve and reject and may answer a canceller that interruption calls; after an interruption the
   * promise rejects with the interruption.
   */
  block<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Cancel | void): Promise<T>
  /**
   * As `block`, for a call whose object the caller keeps and uses again: nothing but the promise is made. The caller
   * starts it when it has the promise, and ends it by `resolveHeld` or `rejectHeld`.
   * @returns undefined when something blocks already or the iteration is interrupted: then take `block`
   */
  hold<T>(call: HeldCall<T>): Promise<T> | undefined
  resolveHeld<T>(call: HeldCall<T>, value: T): void
  rejectHeld<T>(call: HeldCall<T>, error: unknown): void
  /**
   * As `block`, for a call that runs the script's callbacks while it lasts (`ws.connect`): what those block on begins at
   * once. Call `enter` before each.
   */
  host<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Cancel | void): Promise<T>
  /** The script's code is about to go on, called by a host. */
  enter(): void
  /**
   * A source of many callbacks, such as a socket: keeps the iteration alive until it is closed. `dropped` is called when
   * the iteration ends without it (interruption, an error); the channel is closed then.
   */
  channel(dropped: () => void): LoopChannel
  /** Keeps the iteration alive until the returned function queues `callback`, which then runs on the VU's loop. */
  register(): (callback: () => unknown) => void
  setTimeout(fn: () => void, ms: number): number
  clearTimeout(id: number): void
  setInterval(fn: () => void, ms: number): number
  readonly interrupted: boolean
  /** Throws the interruption if there is one. */
  check(): void
}

/** A blocking call that is made again and again. All but `cancel` and `capture` belong to the loop. */
export interface HeldCall<T> {
  /** True while nothing is under way. */
  done: boolean
  readonly hosts: false
  resolve: (value: T | PromiseLike<T>) => void
  reject: (error: unknown) => void
  /** Notes both: the executor of the call's promises. */
  readonly capture: (resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void) => void
  /** Called by an interruption. */
  readonly cancel: Cancel
}

export interface LoopChannel {
  /** Runs the task on the VU's loop after those that wait. */
  post(task: () => unknown): void
  /** As `post`, at once when nothing waits. Only from a callback of a socket or timer, never while script code runs. */
  run(task: () => unknown): void
  /** Lets the iteration end once what was posted has run. */
  close(): void
}

export interface ScriptLog {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, string | number | boolean>>

/** `open()`, csv and fs: bytes by absolute URL, read in the first init and shared afterwards. */
export interface ScriptFiles {
  /** Resolves against the importing module; throws k6's words when missing or outside the init context. */
  read(path: string, fromUrl: string): Uint8Array
  /** URL of the entry script: `k6/experimental/fs` resolves against it, whichever module asks. */
  readonly entryUrl?: string
}

/** A k6 module: made once per VU; answers the namespace object (`default` and the named exports). */
export type ModuleFactory = (vu: VuScope) => Record<string, unknown>
