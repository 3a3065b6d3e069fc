/**
 * One run, from a compiled script to an exit code: the coordinator. It owns the order of the phases, the totals, the
 * thresholds, the record and the outputs; the terminal is the caller's (`RunUi`).
 */
import type { Cancel, Clock } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { consolidateOptions, createShare, exportOptions, type Options, type OptionSources } from '#config/index.js'
import type { LoadEngine, StartEngine } from '#engine/load-engine.js'
import { NativeEngine, ScriptFailure } from '#engine/native/engine.js'
import { planVus, type VuPlan } from '#engine/native/executors/index.js'
import { chooseWorkers } from '#engine/native/worker-count.js'
import { Redactor } from '#engine/native/modules/secrets/redactor.js'
import type { SecretSources } from '#engine/native/modules/secrets/sources.js'
import type {
  LoadedScript,
  LogLine,
  RequestError,
  SampleBatch,
  WorkerEvent,
  WorkerWindow,
} from '#engine/native/worker/protocol.js'
import {
  abortMessage,
  compileThresholds,
  crossedMessage,
  declareSubmetrics,
  failOnCheck,
  failOnError,
  judgeTrust,
  metadataTagWarnings,
  THRESHOLD_PERIOD_NS,
  ThresholdGate,
  type Trust,
} from '#gate/index.js'
import {
  type Breakdown,
  type BreakdownBy,
  breakdownBy,
  type BuiltinMetrics,
  defineBuiltinMetrics,
  MetricAggregate,
  MetricRegistry,
} from '#metrics/index.js'
import { redactText } from '#record/redact.js'
import type { Missing } from '#record/types.js'
import type { LiveState } from '#report/live/render.js'
import {
  type FullModeBreakdowns,
  fullModeBreakdowns,
  type RunSummary,
  summarize,
  type SummaryThresholds,
} from '#report/summary/index.js'
import type { CompiledScript } from '#script/index.js'
import { codeOfFailure, type EndReason, RunEnd } from './exit.js'
import { InjectorLog } from './injector-log.js'
import { LiveTracker } from './live-tracker.js'
import { type RunControl, RunState } from './run-control.js'
import { RunController } from './run-controller.js'

export interface RunRequest {
  readonly compiled: Promise<CompiledScript>
  readonly entryUrl: string
  /** Option tiers other than the script's own. */
  readonly tiers: Omit<OptionSources, 'script' | 'hasExport'>
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>
  readonly proxyEnv: Readonly<Record<string, string>>
  /** `--secret-source`. */
  readonly secrets?: SecretSources | undefined
  readonly summaryBy: readonly BreakdownBy[]
  readonly failOnCheck: boolean
  readonly failOnError: boolean
  readonly strict: boolean
  /** `--workers`: threads that carry the load; undefined leaves it to the size of the run and the machine. */
  readonly workers?: number | undefined
  readonly clock: Clock
  /** What carries the load; threads of this process when left out. */
  readonly engine?: StartEngine | undefined
}

/** The caller's side: everything a person sees, and the files that a run leaves. */
export interface RunObserver {
  log(line: LogLine): void
  /** The plan is known and valid; nothing has been sent yet. */
  planned(plan: RunPlan): Promise<void> | void
  live(state: LiveState): void
  window(window: WorkerWindow, time: { readonly fromNs: number; readonly toNs: number }): void
  /** Readings of the injector itself, for the record. */
  injector(
    values: Readonly<Record<string, number | undefined>>,
    span: { readonly fromNs: number; readonly toNs: number; readonly unixMs: number },
  ): void
  samples(batch: SampleBatch): void
  event(type: string, detail: Readonly<Record<string, unknown>>): void
  /** What the record could not hold so far. */
  readonly missing: () => readonly { readonly what: string; readonly why: string }[]
  /** True when raw samples are wanted (json, csv). */
  readonly rawSamples: boolean
}

export interface RunPlan {
  readonly options: Options
  readonly vus: VuPlan
  /** Threads that carry the load. */
  readonly workers: number
  readonly loaded: LoadedScript
  readonly compiled: CompiledScript
  /** What carries the load, for the record. */
  readonly engine: string
  readonly aggregate: MetricAggregate
  readonly gate: ThresholdGate
  /** Those of `--summary-by`. */
  readonly breakdowns: readonly Breakdown[]
  readonly fullMode: FullModeBreakdowns | undefined
  readonly startedUnixMs: number
}

export interface RunResult {
  readonly plan: RunPlan
  readonly durationNs: number
  readonly setupData: string | undefined
  readonly scenarios: WorkerWindow['scenarios']
  readonly iterationsCompleted: number
  readonly iterationsInterrupted: number
  /** What the engine knows that it did not measure. */
  readonly missing: readonly Missing[]
  readonly trust: Trust
  readonly end: EndReason
  /** The log already says why the run ended. */
  readonly endIsLogged: boolean
  readonly endedUnixMs: number
  readonly summary: RunSummary
  /** handleSummary's outputs; undefined when the script has none or it failed. */
  readonly summaryOutputs: Readonly<Record<string, string | Uint8Array>> | undefined
}

export class TestRun {
  readonly #request: RunRequest
  readonly #observer: RunObserver
  readonly #clock: Clock
  readonly #end = new RunEnd()
  readonly #redactor = new Redactor()
  #engine: LoadEngine | undefined
  #plan: RunPlan | undefined
  #tracker: LiveTracker | undefined
  #startNs: number | undefined
  #lastWindowNs = 0
  readonly #injector: InjectorLog
  #iterationsThrown = 0
  #last: WorkerWindow | undefined
  #nextJudgeNs = THRESHOLD_PERIOD_NS
  #stopping = false
  #stopNow: (() => void) | undefined
  /** The second Ctrl-C: nothing of the script runs any more. */
  #hard = false
  readonly #controller: RunController
  #builtin: BuiltinMetrics | undefined
  #unixSkewMs = 0
  #endIsLogged = false

  constructor(request: RunRequest, observer: RunObserver) {
    this.#request = request
    this.#observer = observer
    this.#clock = request.clock
    this.#controller = new RunController(request.clock, {
      stop: () => {
        this.#end.abort(ExitCode.stoppedByApi, 'test run stopped from REST API')
        this.#stop('now', 'stopped from the REST API')
      },
      isStopping: () => this.#stopping,
    })
    this.#injector = new InjectorLog(request.clock)
  }

  /**
   * Ctrl-C and its kin: the first ends gracefully (no new iterations, running ones have gracefulStop), the second at once.
   */
  interrupt(signal: string): void {
    if (!this.#stopping) {
      this.#end.abort(ExitCode.interrupted, `test run was aborted because perfwright received a '${signal}' signal`)
      this.#stop('graceful', signal)
    } else {
      this.#hard = true
      this.#engine?.stop('now', signal)
      this.#stopNow?.()
    }
  }

  /** Pause, resume, scale, status: for whoever controls the run from outside. */
  get control(): RunControl {
    return this.#controller
  }

  /** Runs to the end. @throws PerfwrightError for what the caller can mend before the load starts; all later trouble is in the result. */
  async run(handleSummary: (result: RunResult) => string | undefined): Promise<RunResult> {
    const onEvent = (event: WorkerEvent): void => this.#onEvent(event)
    const engine = await (this.#request.engine?.(onEvent) ?? NativeEngine.start(this.#clock, onEvent))
    this.#engine = engine
    try {
      const plan = await this.#prepare(engine)
      this.#plan = plan
      this.#controller.attach(engine, plan)
      await this.#observer.planned(plan)
      const setupData = await this.#load(engine, plan)
      const result = this.#result(plan, setupData)
      const outputs = await this.#summary(engine, plan, handleSummary(result))
      return { ...result, end: this.#end.reason, summaryOutputs: outputs }
    } catch (error) {
      throw this.#withoutSecrets(error)
    } finally {
      await engine.close()
    }
  }

  async #prepare(engine: LoadEngine): Promise<RunPlan> {
    const request = this.#request
    const compiled = await request.compiled
    for (const warning of compiled.warnings) this.#log('warn', warning)
    const loaded = await engine.load({
      code: compiled.code,
      filename: compiled.filename,
      sourceMap: compiled.sourceMap,
      needsOwnRealm: compiled.needsOwnRealm,
      modules: compiled.modules,
      entryUrl: request.entryUrl,
      env: request.env,
      rawSamples: this.#observer.rawSamples,
      tagStages: request.summaryBy.includes('stage'),
      proxyEnv: request.proxyEnv,
      secrets: request.secrets,
    })
    if (loaded.functions.length === 0) throw nothingExported(request.entryUrl)
    const { options, warnings } = consolidateOptions({
      ...request.tiers,
      script: loaded.options,
      hasExport: (name) => loaded.functions.includes(name),
    })
    for (const warning of warnings) this.#log('warn', warning)
    const registry = new MetricRegistry()
    this.#builtin = defineBuiltinMetrics(registry)
    for (const metric of loaded.metrics) registry.define(metric.name, metric.type, metric.contains)
    const breakdowns = request.summaryBy.map(breakdownBy)
    const fullMode = options.summaryMode === 'full' ? fullModeBreakdowns() : undefined
    const aggregate = new MetricAggregate(registry, {
      breakdowns: fullMode === undefined ? breakdowns : [...breakdowns, fullMode.scenarios, fullMode.groups],
      warn: (message) => this.#log('warn', message),
    })
    const gate = new ThresholdGate(
      options.noThresholds ? [] : compileThresholds(options.thresholds, registry),
      aggregate,
    )
    for (const message of metadataTagWarnings(options.thresholds)) this.#log('warn', message)
    if (options.noThresholds) {
      for (const { message, error } of declareSubmetrics(options.thresholds, aggregate))
        this.#log('warn', message, { error })
    }
    const share = createShare(options.executionSegment, options.executionSegmentSequence)
    const vus = planVus(options.scenarios, share)
    const workers = chooseWorkers({
      asked: request.workers,
      scenarios: options.scenarios,
      maxVus: vus.maxVus,
      part: share.length.num / share.length.den,
      texts: [compiled.code, ...mentioned(request.env, compiled.code), ...Object.values(options.hosts)],
    })
    this.#tracker = new LiveTracker(this.#builtin, options.scenarios, vus.totalDurationNs)
    return {
      options,
      vus,
      workers: engine.canHaveMore ? workers : 1,
      loaded,
      compiled,
      engine: engine.name,
      aggregate,
      gate,
      breakdowns,
      fullMode,
      startedUnixMs: this.#clock.unixMs(),
    }
  }

  /** Init of VUs, setup, scenarios, teardown: what fails on the way is logged and decides the exit code. */
  async #load(engine: LoadEngine, plan: RunPlan): Promise<string | undefined> {
    const { options, loaded } = plan
    let setupData: string | undefined
    const ticker = this.#everyQuarterSecond()
    try {
      const controller = this.#controller
      controller.state = RunState.initVus
      await engine.divide(options, exportOptions(options), plan.workers)
      await engine.initVus()
      controller.state = RunState.initDone
      await controller.whileHeld()
      this.#markStart()
      controller.state = RunState.started
      if (loaded.functions.includes('setup') && !options.noSetup && !this.#stopping) {
        this.#phase('setup')
        controller.state = RunState.setup
        setupData = (await engine.setup()).data
        controller.setupData = setupData
      }
      if (!this.#stopping) {
        this.#phase('running')
        controller.state = RunState.running
        this.#markStart()
        await this.#runScenarios(engine, controller.setupData)
        setupData = controller.setupData
      }
      await this.#teardown(engine, plan, setupData)
    } catch (error) {
      this.#scriptFailed(error)
    } finally {
      ticker()
      await engine.drain()
      this.#phase('done')
      this.#controller.state = this.#stopping ? RunState.interrupted : RunState.ended
      if (this.#tracker !== undefined) this.#observer.live(this.#tracker.state(this.#elapsedNs() / 1e9))
    }
    const verdict = plan.gate.evaluate(this.#elapsedNs(), true)
    if (verdict.breached.length > 0) this.#end.verdict(ExitCode.thresholdsFailed, crossedMessage(verdict.breached))
    this.#judgeExtras(plan)
    const [lost] = this.#engine?.missing?.() ?? []
    // Of several verdicts the first stands.
    if (lost !== undefined) this.#end.verdict(ExitCode.partialData, `data are missing: ${lost.what} (${lost.why})`)
    if (this.#end.reason.code === ExitCode.scriptFailed) {
      this.#log('error', 'test run was marked as failed')
      this.#endIsLogged = true
    }
    return setupData
  }

  async #runScenarios(engine: LoadEngine, setupData: string | undefined): Promise<void> {
    const running = engine.run(setupData)
    // The second Ctrl-C does not wait for a worker that does not answer.
    const now = new Promise<'now'>(
      (resolve) => (this.#stopNow = () => this.#clock.at(this.#clock.nowNs() + 1e9, () => resolve('now'))),
    )
    try {
      await Promise.race([running, now])
    } catch (error) {
      // A worker died. What setup() made is still to be cleaned up, if the worker that can do it is there.
      this.#scriptFailed(error)
    }
    running.catch(() => {})
    this.#stopNow = undefined
    await engine.drain()
    if ((this.#last?.iterationsCompleted ?? 0) === 0 && this.#end.reason.code !== ExitCode.scriptAborted) {
      this.#log('warn', 'No script iterations fully finished, consider making the test duration longer')
    }
  }

  async #teardown(engine: LoadEngine, plan: RunPlan, setupData: string | undefined): Promise<void> {
    this.#phase('teardown')
    this.#controller.state = RunState.teardown
    if (!plan.loaded.functions.includes('teardown') || plan.options.noTeardown) return
    if (this.#hard || !engine.canRunOnce) return
    engine.clearStop()
    await engine.teardown(setupData)
  }

  async #summary(
    engine: LoadEngine,
    plan: RunPlan,
    data: string | undefined,
  ): Promise<Record<string, string | Uint8Array> | undefined> {
    if (data === undefined || !plan.loaded.functions.includes('handleSummary')) return undefined
    if (this.#hard || !engine.canRunOnce) return undefined
    engine.clearStop()
    try {
      return (await engine.handleSummary(data)).outputs
    } catch (error) {
      // k6: a summary that throws is logged, the default one is shown, and the exit code stays.
      this.#logFailure(error)
      return undefined
    }
  }

  #onEvent(told: WorkerEvent): void {
    const event = this.#redactor.event(told)
    switch (event.type) {
      case 'log':
        for (const line of event.lines) this.#observer.log(line)
        return
      case 'window':
        return this.#onWindow(event.window)
      case 'samples':
        return this.#observer.samples(event.batch)
      case 'request-error':
        return this.#observer.event('request-error', this.#exampleOf(event.error))
      case 'note':
        return this.#observer.event(event.name, event.detail)
      case 'abort':
        if (event.kind === 'fail') {
          this.#end.fail(`test marked as failed: ${event.reason}`)
          this.#log('error', `test marked as failed: ${event.reason}`)
          return
        }
        this.#end.abort(ExitCode.scriptAborted, event.reason)
        return this.#stop('now', event.reason)
    }
  }

  /** What a script sends and gets may hold passwords and tokens that no secret source knows of. */
  #exampleOf({ unixMs, ...error }: RequestError): Record<string, unknown> {
    const texts = Object.entries(error).map(([key, value]) => [
      key,
      typeof value === 'string' ? redactText(value) : value,
    ])
    const atS = (unixMs - this.#unixSkewMs - (this.#startNs ?? 0) / 1e6) / 1e3
    return { ...(Object.fromEntries(texts) as Record<string, unknown>), atS: Math.max(0, atS) }
  }

  #onWindow(window: WorkerWindow): void {
    const plan = this.#plan
    if (plan === undefined) return
    const time = window.span ?? { fromNs: this.#lastWindowNs, toNs: this.#elapsedNs() }
    const { toNs } = time
    this.#lastWindowNs = toNs
    plan.aggregate.merge(window.batch, time)
    this.#last = window
    this.#injector.add(window.health)
    for (const { count } of window.errors) this.#iterationsThrown += count
    this.#tracker?.window(window, (toNs - time.fromNs) / 1e9)
    this.#observer.window(window, time)
    this.#observer.injector(
      { ...this.#injector.readings(), vus_active: window.vusActive, vus_initialized: window.vusInitialized },
      { ...time, unixMs: window.unixMs },
    )
    for (const { message, count } of window.errors) this.#observer.event('iteration-error', { message, count })
    if (toNs >= this.#nextJudgeNs && !plan.gate.isEmpty) {
      this.#nextJudgeNs = toNs - (toNs % THRESHOLD_PERIOD_NS) + THRESHOLD_PERIOD_NS
      this.#judge(plan, toNs)
    }
  }

  #judge(plan: RunPlan, elapsedNs: number): void {
    const before = new Set(plan.gate.last.breached)
    const verdict = plan.gate.evaluate(elapsedNs, false)
    for (const name of verdict.breached)
      if (!before.has(name)) this.#observer.event('threshold-crossed', { metric: name, elapsedS: elapsedNs / 1e9 })
    if (this.#tracker !== undefined) {
      this.#tracker.thresholds = verdict.results.flatMap((metric) =>
        metric.results.map((result) => ({
          source: `${metric.name}: ${result.source}`,
          ok: result.ok,
          value: result.value === undefined ? 'no data' : String(Math.round(result.value * 1000) / 1000),
        })),
      )
    }
    if (verdict.shouldAbort && !this.#stopping) {
      this.#end.abort(ExitCode.thresholdsFailed, abortMessage(verdict.breached))
      this.#stop('now', 'a threshold with abortOnFail was crossed')
    }
  }

  #judgeExtras(plan: RunPlan): void {
    if (this.#request.failOnCheck) {
      const verdict = failOnCheck(plan.aggregate.checks.flat())
      if (!verdict.ok) this.#end.verdict(ExitCode.thresholdsFailed, verdict.reason)
    }
    if (this.#request.failOnError) {
      const verdict = failOnError({
        iterationsThrown: this.#iterationsThrown,
        requestsUnanswered: this.#tracker?.unanswered ?? 0,
      })
      if (!verdict.ok) this.#end.verdict(ExitCode.thresholdsFailed, verdict.reason)
    }
  }

  #result(plan: RunPlan, setupData: string | undefined): RunResult {
    const { aggregate } = plan
    const builtin = this.#builtin as BuiltinMetrics
    const scenarios = this.#last?.scenarios ?? []
    const open = scenarios.filter((scenario) => isOpen(plan, scenario.name))
    const missing = this.#engine?.missing?.() ?? []
    const lag = aggregate.total(builtin.iteration_start_lag).sink
    const latency = aggregate.total(builtin.http_req_duration).sink
    const trust = judgeTrust({
      injector: this.#injector.seconds,
      asked: open.reduce((sum, scenario) => sum + scenario.started + scenario.dropped, 0),
      dropped: open.reduce((sum, scenario) => sum + scenario.dropped, 0),
      startLagMsP99: lag.isEmpty ? undefined : lag.sketch.quantile(0.99),
      latencyMsP99: latency.isEmpty ? undefined : latency.sketch.quantile(0.99),
      clockStepMs: this.#clockStepMs(),
      missing: [...this.#observer.missing(), ...missing].map(({ what, why }) => `${what} (${why})`),
    })
    if (this.#request.strict && trust.verdict === 'not-trustworthy') {
      this.#end.verdict(ExitCode.notTrustworthy, trust.reasons[0] ?? 'the run cannot be trusted')
    }
    return {
      plan,
      durationNs: this.#elapsedNs() - this.#controller.pausedNs(),
      setupData,
      scenarios,
      iterationsCompleted: this.#last?.iterationsCompleted ?? 0,
      iterationsInterrupted: this.#last?.iterationsInterrupted ?? 0,
      missing,
      trust,
      end: this.#end.reason,
      endIsLogged: this.#endIsLogged,
      endedUnixMs: this.#clock.unixMs(),
      summary: summarize({
        aggregate,
        thresholds: summaryThresholds(plan),
        durationMs: (this.#elapsedNs() - this.#controller.pausedNs()) / 1e6,
        trendStats: plan.options.summaryTrendStats,
        fullMode: plan.fullMode,
        breakdowns: plan.breakdowns,
      }),
      summaryOutputs: undefined,
    }
  }

  #scriptFailed(thrown: unknown): void {
    const error = this.#withoutSecrets(thrown)
    if (error instanceof ScriptFailure) {
      if (error.failure.kind === 'interrupted') return
      this.#end.abort(codeOfFailure(error.failure), error.failure.message)
      this.#endIsLogged = true
      return this.#logFailure(error)
    }
    if (error instanceof PerfwrightError) {
      this.#end.abort(error.exitCode, error.message)
      this.#endIsLogged = true
      return this.#log('error', error.describe())
    }
    throw error
  }

  #logFailure(thrown: unknown): void {
    const error = this.#withoutSecrets(thrown)
    if (!(error instanceof ScriptFailure)) return this.#log('error', String(error))
    const { failure } = error
    if (failure.stack === undefined) return this.#log('error', failure.message, failure.fields)
    this.#log('error', failure.stack, { hint: 'script exception', source: 'stacktrace' })
  }

  #withoutSecrets(error: unknown): unknown {
    return error instanceof ScriptFailure ? new ScriptFailure(this.#redactor.failure(error.failure)) : error
  }

  #stop(mode: 'graceful' | 'now', reason: string): void {
    this.#stopping = true
    this.#controller.release()
    this.#phase('stopping')
    this.#engine?.stop(mode, reason)
  }

  #phase(phase: LiveState['phase']): void {
    this.#observer.event('phase', { phase })
    if (this.#tracker !== undefined) this.#tracker.phase = phase
  }

  #everyQuarterSecond(): Cancel {
    let cancel: Cancel
    const tick = (): void => {
      if (this.#tracker !== undefined) this.#observer.live(this.#tracker.state(this.#elapsedNs() / 1e9))
      cancel = this.#clock.coarseAt(this.#clock.nowNs() + 250e6, tick)
    }
    cancel = this.#clock.coarseAt(this.#clock.nowNs() + 250e6, tick)
    return () => cancel()
  }

  #markStart(): void {
    this.#startNs = this.#clock.nowNs()
    this.#unixSkewMs = this.#clock.unixMs() - this.#startNs / 1e6
    this.#lastWindowNs = 0
  }

  #clockStepMs(): number {
    return this.#clock.unixMs() - this.#clock.nowNs() / 1e6 - this.#unixSkewMs
  }

  #elapsedNs(): number {
    if (this.#startNs === undefined) return 0
    return this.#engine?.elapsedNs?.() ?? this.#clock.nowNs() - this.#startNs
  }

  #log(level: LogLine['level'], message: string, fields: LogLine['fields'] = {}): void {
    this.#observer.log({ level, message, fields, unixMs: this.#clock.unixMs() })
  }
}

/** Values of the variables that the script names: `__ENV` holds the whole environment of the system. */
function mentioned(env: Readonly<Record<string, string>>, code: string): string[] {
  return Object.entries(env).flatMap(([name, value]) => (code.includes(name) ? [value] : []))
}

function isOpen(plan: RunPlan, name: string): boolean {
  return plan.options.scenarios[name]?.executor.endsWith('arrival-rate') ?? false
}

function summaryThresholds(plan: RunPlan): SummaryThresholds[] {
  return plan.gate.last.results.map(({ name, metric, results }) => ({
    name,
    metric,
    results: results.map(({ source, ok, value }) => ({ source, aggregation: parseAggregation(source), ok, value })),
  }))
}

/** The left side of an expression that the gate has accepted. */
function parseAggregation(source: string): string {
  return (/^\s*([^<>=!]+)/.exec(source)?.[1] ?? source).trim()
}

function nothingExported(url: string): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_SCRIPT_NO_EXPORTS',
    message: `could not initialize '${url}': could not load JS test '${url}': no exported functions in script`,
    fix: 'export a function: `export default function () { ... }`',
    exitCode: ExitCode.k6Usage,
  })
}
