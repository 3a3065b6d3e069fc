/**
 * One virtual user: an instance of the person's module, its event loop, its tags and its connections, and the running
 * of iterations on it.
 */
import type { Clock } from '#base/clock.js'
import type { Options, Scenario } from '#config/types.js'
import type { Metric, MetricType, SampleSink, TagSet, ValueKind } from '#metrics/types.js'
import { isPersonsAsync, noteThrown } from '#script/index.js'
import type { ScriptHost } from '#script/types.js'
import type { Connections } from './http1/types.js'
import { Interruption, isInterruption } from './interrupt.js'
import { Loop } from './loop.js'
import type { ScriptRealm } from './realm.js'
import type { BuiltinMetrics } from '#metrics/builtin.js'
import type { ExecutionView, IterationHooks, Phase, ScenarioRun, ScriptFiles, ScriptLog, VuScope } from './types.js'
import type { WorkerShared } from './worker/shared.js'
import { createVuGlobal, seedMath, type VuGlobal } from './vu-global.js'
import type { RequestError } from './worker/protocol.js'

export class Vu implements VuScope {
  readonly id: number
  readonly realm: ScriptRealm
  readonly clock: Clock
  readonly loop: Loop
  readonly samples: SampleSink
  readonly builtin: BuiltinMetrics
  readonly log: ScriptLog
  readonly files: ScriptFiles
  readonly worker: WorkerShared
  phase: Phase = 'init'
  iteration = -1
  scenario: ScenarioRun | undefined
  tags: TagSet
  metadata: Record<string, string> | undefined
  groupPath = ''
  startLagMs = 0
  dataSent = 0
  dataReceived = 0
  /** Number of the current iteration in its scenario, over all VUs. */
  iterationNumber = 0
  /** Monotonic instant after which a loop that never awaits is ended. */
  hardEndNs: number = Number.POSITIVE_INFINITY
  exports: Record<string, unknown> = {}
  cookieJar: VuScope['cookieJar']
  iterationHooks: IterationHooks | undefined
  readonly global: VuGlobal
  #connections: Connections | undefined
  #modules: Map<string, Record<string, unknown>> | undefined
  #setupData: unknown
  #setupParsed = false
  #fn: ((data: unknown, vuData?: unknown) => unknown) | undefined
  #isSetUp = false
  #vuData: unknown
  /** The running function is one that the person wrote async. */
  isPersonsAsync = false
  #finish: ((complete: boolean, endNs: number) => void) | undefined
  #startNs = 0
  #starts = 0
  #stalledAt = -1
  #abortedByScript = false
  #scenarioIterations = new Map<string, number>()
  #iterationInScenario = -1
  #activation: Activation | undefined
  #closers: (() => void | Promise<void>)[] | undefined
  /** Why an iteration that is still being prepared must not begin. */
  #cancelled: string | undefined
  #isPreparing = false

  constructor(shared: WorkerShared, id: number, realm: ScriptRealm) {
    this.worker = shared
    this.id = id
    this.realm = realm
    this.clock = shared.clock
    this.samples = shared.samples
    this.builtin = shared.builtin
    this.log = shared.log
    this.files = shared.files
    this.tags = shared.runTags
    this.loop = new Loop(
      realm,
      shared.clock,
      (error) => this.#settle(error, true),
      () => (shared.running = this),
    )
    this.global = createVuGlobal(this, shared.globalPrototype(realm))
  }

  get options(): Options {
    return this.worker.options
  }

  get secrets(): VuScope['secrets'] {
    return this.worker.secrets
  }

  get rateLimit(): VuScope['rateLimit'] {
    return this.worker.rateLimit
  }

  /** `__ENV` of this VU: the run's, with the scenario's over it. */
  environment(): Record<string, string> {
    return { ...this.worker.env, ...this.#activation?.run.config.env }
  }

  get connections(): Connections {
    return (this.#connections ??= this.worker.transport().connections(this.id))
  }

  /** Runs the init context: the compiled factory, once. */
  async init(factory: (host: ScriptHost) => unknown): Promise<void> {
    this.phase = 'init'
    const host: ScriptHost = {
      module: (specifier) => this.#module(specifier),
      global: this.global as unknown as Record<string, unknown>,
      poll: () => this.poll(),
      isInterrupt: isInterruption,
      thrown: noteThrown,
      resolve: (specifier, fromUrl) => new URL(specifier, fromUrl).href,
      open: (path, mode, fromUrl) => this.open(path, mode, fromUrl),
    }
    this.exports = (await factory(host)) as Record<string, unknown>
    this.phase = 'vu'
  }

  open(path: string, mode: string | undefined, fromUrl: string): unknown {
    if (this.phase !== 'init') {
      throw new this.realm.GoError(
        'the "open" function is only available in the init stage (i.e. the global scope), see https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information',
      )
    }
    let bytes: Uint8Array
    try {
      bytes = this.files.read(path, fromUrl)
    } catch (error) {
      throw new this.realm.GoError((error as Error).message)
    }
    if (mode === 'b') {
      const copy = new this.realm.Uint8Array(bytes.length)
      copy.set(bytes)
      return copy.buffer
    }
    return this.shared(`open:text:${path}:${fromUrl}`, () =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
    )
  }

  /** Ends a loop that never awaits: called by the compiled code every 2^14 turns. */
  poll(): void {
    this.loop.check()
    if (this.worker.stopFlag() >= 2 || this.clock.nowNs() > this.hardEndNs) {
      this.interrupt('the iteration ran past its end in a loop')
      this.loop.check()
    }
  }

  /** Binds the VU to a scenario until `unbind`; environment and tags are the scenario's from now on. */
  bind(activation: Activation): void {
    if (this.#activation === activation) return
    this.#activation = activation
    this.scenario = activation.run
    this.tags = activation.tags
    this.metadata = undefined
    this.hardEndNs = activation.hardEndNs
    // Materialised again on first use; a VU that changes its scenario gets that scenario's environment.
    if (Object.hasOwn(this.global, '__ENV')) delete this.global['__ENV']
    const fn = this.exports[activation.run.config.exec]
    this.#fn = typeof fn === 'function' ? (fn as (data: unknown, vuData?: unknown) => unknown) : undefined
    this.isPersonsAsync = isPersonsAsync(fn)
    this.#iterationInScenario = (this.#scenarioIterations.get(activation.run.name) ?? 0) - 1
  }

  unbind(): void {
    const activation = this.#activation
    if (activation === undefined) return
    this.#scenarioIterations.set(activation.run.name, this.#iterationInScenario + 1)
    this.#activation = undefined
  }

  /**
   * Runs one iteration of the bound scenario.
   * @returns false when it was interrupted; a thrown error counts as complete, as in k6
   */
  iterate(intendedStartNs: number): Promise<boolean> {
    return new Promise((resolve) => this.run(intendedStartNs, resolve))
  }

  /** As `iterate`; see `ActiveVu.run`. */
  run(intendedStartNs: number, back: (complete: boolean, endNs: number) => void): void {
    const hooks = this.iterationHooks
    if (hooks === undefined) this.#run(intendedStartNs, back)
    else void this.#runWithin(hooks, intendedStartNs).then((complete) => back(complete, this.clock.nowNs()))
  }

  async #runWithin(hooks: IterationHooks, intendedStartNs: number): Promise<boolean> {
    this.#isPreparing = true
    this.#cancelled = undefined
    try {
      await hooks.before()
      this.#isPreparing = false
      if (this.#cancelled !== undefined) return false
      return await new Promise<boolean>((resolve) => this.#run(intendedStartNs, resolve))
    } catch (error) {
      if (!isInterruption(error)) this.log.error(String(error instanceof Error ? error.message : error))
      return false
    } finally {
      this.#isPreparing = false
      await hooks.after()
    }
  }

  #run(intendedStartNs: number, back: (complete: boolean, endNs: number) => void): void {
    const activation = this.#activation as Activation
    // In a closed model the intended start is the clock's reading of just now, unless hooks came between.
    const isNow = !activation.openModel && this.iterationHooks === undefined
    const startNs = isNow ? intendedStartNs : this.clock.nowNs()
    this.#startNs = startNs
    this.startLagMs = startNs > intendedStartNs ? (startNs - intendedStartNs) / 1e6 : 0
    this.iteration++
    this.#starts++
    this.worker.running = this
    this.#iterationInScenario++
    this.global.__ITER = this.iteration
    if (this.groupPath !== '') this.leaveGroups()
    activation.started(this, startNs, intendedStartNs)
    this.loop.reset()
    // k6: a new cookie jar for every iteration.
    if (this.cookieJar !== undefined && !this.options.noCookiesReset) this.cookieJar = undefined
    this.#finish = back
    this.#call()
  }

  interrupt(reason: string): void {
    if (this.#isPreparing) this.#cancelled = reason
    if (this.#finish === undefined && this.phase === 'vu') return
    this.#warnOfTimers()
    this.loop.interrupt(new Interruption(reason))
    // Code that waits on something that is no blocking call never hears of it; the iteration ends all the same.
    this.clock.soon(() => this.#settle(new Interruption(reason), true))
  }

  /**
   * Ends an iteration whose function waits for a promise that nothing can settle any more, as k6 does: its event loop
   * is empty. Called from time to time; an iteration ends at the second call that finds it so.
   */
  endIfStalled(): void {
    if (this.#finish === undefined || !this.loop.isQuiet) {
      this.#stalledAt = -1
      return
    }
    if (this.#stalledAt !== this.#starts) {
      this.#stalledAt = this.#starts
      return
    }
    this.#settle(undefined, false)
  }

  /** A promise of this VU was rejected and nobody handled it: to k6 that is the end of the iteration. */
  endByRejection(): void {
    // While a blocking call is under way k6's machine stands still and would not have noticed yet.
    if (this.#finish === undefined || this.phase !== 'vu' || this.loop.isBlocked) return
    this.#warnOfTimers()
    this.loop.reset()
    this.#settle(undefined, false)
  }

  /** Calls an exported function once, outside any scenario: setup, teardown, handleSummary. */
  async callOnce(name: string, phase: Phase, groupPath: string, args: readonly unknown[]): Promise<unknown> {
    this.phase = phase
    this.groupPath = groupPath
    if (groupPath !== '' && this.worker.hasSystemTag('group')) this.tags = this.tags.with('group', groupPath)
    const fn = this.exports[name] as (...args: unknown[]) => unknown
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        this.#finish = () => reject(new Interruption('interrupted'))
        Promise.resolve(fn.apply(undefined, [...args])).then((value) => {
          this.loop.whenIdle(() => resolve(value))
        }, reject)
      })
      return result
    } finally {
      this.#finish = undefined
      this.emitTransfer()
    }
  }

  get execution(): ExecutionView {
    return this.worker.executionView(this, this.#activation, this.#iterationInScenario)
  }

  defineMetric(name: string, type: MetricType, contains: ValueKind): Metric {
    if (this.phase !== 'init') throw new this.realm.GoError('metrics must be declared in the init context')
    try {
      return this.worker.defineMetric(name, type, contains)
    } catch (error) {
      throw new this.realm.GoError((error as Error).message)
    }
  }

  shared<T>(key: string, make: () => T): T {
    const store = this.worker.store
    if (!store.has(key)) store.set(key, make())
    return store.get(key) as T
  }

  requestError(error: RequestError): void {
    this.worker.requestError(error)
  }

  abort(reason: string): never {
    this.#abortedByScript = true
    this.worker.abort(this, reason)
    throw new Interruption(`test aborted: ${reason}`, true)
  }

  fail(reason: string): void {
    this.worker.fail(this, reason)
  }

  setRandom(random: () => number): void {
    seedMath(this, random)
  }

  /** `exec.vu.metrics.tags[key] = value`: stays until the VU changes its scenario. */
  setTag(key: string, value: string): void {
    this.tags = this.tags.with(key, value)
  }

  deleteTag(key: string): void {
    this.tags = this.tags.without(key)
  }

  leaveGroups(): void {
    this.groupPath = ''
    if (this.worker.hasSystemTag('group')) this.tags = this.tags.with('group', '')
  }

  emitTransfer(): void {
    this.samples.add(this.builtin.data_sent, this.tags, this.dataSent)
    this.samples.add(this.builtin.data_received, this.tags, this.dataReceived)
    this.dataSent = 0
    this.dataReceived = 0
  }

  onClose(close: () => void | Promise<void>): void {
    ;(this.#closers ??= []).push(close)
  }

  async close(): Promise<void> {
    this.loop.reset()
    this.#connections?.close()
    this.#connections = undefined
    const closers = this.#closers
    if (closers === undefined) return
    this.#closers = undefined
    await Promise.all(closers.map(async (each) => each()))
  }

  #call(): void {
    const fn = this.#fn
    if (fn === undefined) return this.#settle(undefined, false)
    if (!this.#isSetUp && typeof this.exports['setupVU'] === 'function') return this.#setUp()
    let result: unknown
    try {
      result = this.#isSetUp ? fn(this.#data(), this.#vuData) : fn(this.#data())
    } catch (error) {
      return this.#settle(error, true)
    }
    if (isThenable(result)) result.then(this.#onFulfilled, this.#onRejected)
    else this.loop.whenIdle(() => this.#settle(undefined, false))
  }

  /**
   * perfwright's own: an exported `setupVU(data)` runs once in every VU before its first iteration (log in, open a
   * session); what it returns is the second argument of every iteration. One that throws fails the iteration, and the
   * next tries again. Its time is not in `iteration_duration`. k6 ignores the export.
   */
  #setUp(): void {
    const done = (value: unknown): void => {
      this.#vuData = value
      this.#isSetUp = true
      this.#startNs = this.clock.nowNs()
      this.#call()
    }
    try {
      const value = (this.exports['setupVU'] as (data: unknown) => unknown)(this.#data())
      if (isThenable(value)) value.then(done, this.#onRejected)
      else done(value)
    } catch (error) {
      this.#settle(error, true)
    }
  }

  // Bound once per VU: an iteration allocates no closure of its own for the usual path.
  readonly #onFulfilled = (): void => this.loop.whenIdle(this.#onIdle)
  readonly #onIdle = (): void => this.#settle(undefined, false)
  readonly #onRejected = (error: unknown): void => this.#settle(error, true)

  #settle(error: unknown, failed: boolean): void {
    const finish = this.#finish
    if (finish === undefined) return
    this.#finish = undefined
    const activation = this.#activation
    const endNs = this.clock.nowNs()
    if (activation === undefined) return finish(false, endNs)
    const interrupted = failed && isInterruption(error)
    // What a failed iteration leaves open (sockets, timers) ends with it, as in k6.
    if (failed && !interrupted) {
      this.#warnOfTimers()
      this.loop.reset()
    }
    if (this.groupPath !== '') this.leaveGroups()
    // k6 counts the iteration that called test.abort() among `iterations`, though it reports it as interrupted.
    if (!interrupted || this.#abortedByScript) {
      if (failed && !interrupted) this.worker.iterationError(this, error)
      this.samples.add(this.builtin.iteration_duration, this.tags, (endNs - this.#startNs) / 1e6)
      this.samples.add(this.builtin.iterations, this.tags, 1)
      if (activation.openModel) this.samples.add(this.builtin.iteration_start_lag, this.tags, this.startLagMs)
    }
    this.emitTransfer()
    if (this.options.noVUConnectionReuse) this.#connections?.closeIdle()
    activation.ended(!interrupted)
    const leastNs = interrupted ? 0 : this.options.minIterationDurationNs
    if (endNs - this.#startNs >= leastNs) finish(!interrupted, endNs)
    else this.clock.coarseAt(this.#startNs + leastNs, () => finish(true, this.clock.nowNs()))
  }

  #warnOfTimers(): void {
    for (const timer of this.loop.pendingTimers)
      this.log.warn(`${timer} was stopped because the VU iteration was interrupted`)
  }

  #data(): unknown {
    if (!this.#setupParsed) {
      this.#setupParsed = true
      const text = this.worker.setupData
      this.#setupData = text === undefined ? undefined : this.realm.JSON.parse(text)
    }
    return this.#setupData
  }

  #module(specifier: string): Record<string, unknown> {
    const modules = (this.#modules ??= new Map())
    let namespace = modules.get(specifier)
    if (namespace === undefined) {
      namespace = this.worker.module(specifier)(this)
      modules.set(specifier, namespace)
    }
    return namespace
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return value !== null && typeof value === 'object' && typeof (value as { then?: unknown }).then === 'function'
}

/** A scenario's hold on its VUs: made once per scenario, shared by all of them. */
export interface Activation {
  readonly run: ScenarioRun
  readonly tags: TagSet
  readonly openModel: boolean
  readonly hardEndNs: number
  readonly config: Scenario
  started(vu: Vu, startNs: number, intendedStartNs: number): void
  ended(complete: boolean): void
  /** Number of the VU's current iteration in its scenario: `scenario.iterationInInstance`. */
  iterationOf(vu: Vu): number
  /** The same counted over the whole test, of which this may be one instance's segment. */
  iterationInTestOf(vu: Vu): number
  progress(): number
}
