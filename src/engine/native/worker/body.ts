/**
 * The worker's side of the protocol: loads the compiled script, makes VUs, runs the load, and reports each second.
 * Runs on a thread of its own, or in the coordinator's when a debugger is attached.
 */
import type { MessagePort } from 'node:worker_threads'
import { type Cancel, systemClock } from '#base/clock.js'
import { PerfwrightError } from '#base/errors.js'
import type { Options } from '#config/types.js'
import { createStackMapper, type StackMapper } from '#script/index.js'
import { ThreadWatch } from '../injector/thread-health.js'
import { Interruption, isInterruption } from '../interrupt.js'
import { exportSharedRows, importSharedRows } from '../modules/data/index.js'
import { consoleText } from '../modules/console/format.js'
import { loadModules } from '../modules/index.js'
import { createRealm, fingerprintIntrinsics, sameFingerprint, type ScriptRealm } from '../realm.js'
import type { Phase } from '../types.js'
import { loadWebCrypto } from '../vu-global.js'
import { Vu } from '../vu.js'
import { Load } from './load.js'
import type {
  CrewParams,
  FromWorker,
  LoadedScript,
  LoadParams,
  Seed,
  ToWorker,
  WorkerCalls,
  WorkerFailure,
} from './protocol.js'
import { typeName } from '../modules/http/go-text.js'
import { Reporter } from './reporter.js'
import { WorkerShared } from './shared.js'

type Factory = (host: unknown) => unknown

export class WorkerBody {
  readonly #reporter: Reporter
  #params: LoadParams | undefined
  #shared: WorkerShared | undefined
  #mapper: StackMapper | undefined
  #load: Load | undefined
  #realm: ScriptRealm | undefined
  #factory: Factory | undefined
  #ownRealms = false
  #index = 0
  #exported: Record<string, unknown> | undefined
  #tick: Cancel | undefined
  #current: Vu | undefined
  #watch: ThreadWatch | undefined

  constructor(send: (message: FromWorker) => void) {
    this.#reporter = new Reporter(send, systemClock)
  }

  /** One call of the coordinator; rejects with a `Failed`. */
  async handle(call: keyof WorkerCalls, params: unknown): Promise<unknown> {
    switch (call) {
      case 'load':
        return this.#loadScript(params as LoadParams)
      case 'seed':
        return this.#seed()
      case 'configure':
        return this.#configure(params as { options: Options; exported: Record<string, unknown>; crew: CrewParams })
      case 'initVus':
        return this.#load?.initialise()
      case 'setup':
        return this.#once('setup', 'setup', '::setup', [])
      case 'run':
        return this.#run(params as { setupData: string | undefined; startNs: number | undefined })
      case 'setSetupData':
        this.#need().setupData = (params as { data: string | undefined }).data
        return
      case 'setPaused':
        return this.#load?.setPaused((params as { paused: boolean }).paused)
      case 'setVus': {
        const { scenario, vus, max } = params as { scenario: string; vus: number; max: number }
        return this.#load?.setVus(scenario, vus, max)
      }
      case 'stop':
        return this.#stop(params as { mode: 'graceful' | 'now' })
      case 'teardown':
        return this.#once('teardown', 'teardown', '::teardown', [this.#parse((params as { data?: string }).data)])
      case 'handleSummary':
        return this.#handleSummary(params as { data: string })
      case 'drain':
        return this.#flush()
      case 'close':
        return this.#close()
    }
  }

  /** The words for something thrown by the script. */
  failure(error: unknown, phase: Phase): WorkerFailure {
    if (error instanceof BadSummary)
      return {
        message: 'failed to handle the end-of-test summary',
        stack: undefined,
        kind: 'exception',
        phase,
        fields: { error: error.message },
      }
    if (error instanceof Unmarshalable)
      return { message: error.message, stack: undefined, kind: 'unmarshalable', phase }
    if (isInterruption(error)) return { message: error.reason, stack: undefined, kind: 'interrupted', phase }
    if (error instanceof PerfwrightError) {
      return {
        message: error.describe(),
        stack: undefined,
        kind: 'config',
        phase,
        code: error.code,
        ...(error.fix === undefined ? {} : { fix: error.fix }),
      }
    }
    // In the init context k6 has no frames for a thrown value that is no error.
    const stack = phase === 'init' && !isObject(error) ? `${String(error)}\n` : this.#mapper?.describe(error)
    return {
      message: String(error instanceof Error ? error.message : error),
      stack: stack ?? String(error),
      kind: 'exception',
      phase,
    }
  }

  async #loadScript(params: LoadParams): Promise<LoadedScript> {
    this.#params = params
    this.#mapper = createStackMapper(params.filename, params.sourceMap)
    this.#ownRealms = params.needsOwnRealm
    const shared = new WorkerShared(params, systemClock, {
      log: this.#reporter.log,
      abort: (vu, reason) => {
        const where = vu.phase === 'vu' ? this.#mapper?.where(new vu.realm.Error()) : undefined
        // At once, not when the coordinator answers: no further iteration may start.
        this.#load?.stop(true)
        this.#reporter.event({
          type: 'abort',
          kind: 'abort',
          reason: `test aborted${reason === '' ? '' : `: ${reason}`}${where === undefined ? '' : ` at ${where}`}`,
        })
      },
      fail: (reason) => this.#reporter.event({ type: 'abort', kind: 'fail', reason }),
      iterationError: (vu, error) => this.#iterationError(vu, error),
      secret: (value) => this.#reporter.event({ type: 'secret', value }),
      requestError: (error) => this.#reporter.event({ type: 'request-error', error }),
    })
    this.#shared = shared
    if (params.rawSamples) this.#reporter.streamSamples(shared)
    shared.modules = await loadModules(params.modules)
    // What a script may reach without an import is loaded when its text mentions it.
    if (/\bcrypto\b/.test(params.code)) await loadWebCrypto()
    if (/\b(html|submitForm|clickLink)\b/.test(params.code))
      await (await import('../modules/http/index.js')).preloadHtml()
    const builtins = shared.metrics.all.length
    const realm = createRealm()
    this.#realm = realm
    const before = fingerprintIntrinsics(realm)
    this.#factory = this.#evaluate(realm)
    if (params.seed !== undefined) {
      // The first worker ran the init context for the options; here it runs for VUs only.
      this.#ownRealms = params.seed.ownRealms
      importSharedRows(shared, params.seed.rows)
      shared.takeFiles(params.seed.files)
      return { options: undefined, functions: [], metrics: [] }
    }
    const vu = await this.#instance(0)
    if (!this.#ownRealms && !sameFingerprint(before, fingerprintIntrinsics(realm))) {
      this.#ownRealms = true
      shared.log.warn(
        'the script changes built-in objects, so every VU gets a global of its own (about 0.4 MB a VU); use a copy of the helper instead of patching to save it',
      )
    }
    this.#current = vu
    const functions: string[] = []
    for (const name of Object.keys(vu.exports)) if (typeof vu.exports[name] === 'function') functions.push(name)
    return {
      options: toPlain(vu, vu.exports['options']),
      functions,
      metrics: shared.metrics.all
        .slice(builtins)
        .filter((metric) => !metric.own)
        .map(({ name, type, contains }) => ({ name, type, contains })),
    }
  }

  #seed(): Seed {
    const shared = this.#need()
    return { ownRealms: this.#ownRealms, rows: exportSharedRows(shared), files: shared.shareFiles() }
  }

  #configure(params: { options: Options; exported: Record<string, unknown>; crew: CrewParams }): void {
    const { options, exported, crew } = params
    const shared = this.#need()
    this.#exported = exported
    this.#index = crew.index
    shared.configure(options, crew)
    this.#load = new Load(shared, crew, (id) => this.#instance(id))
  }

  async #run({
    setupData,
    startNs = systemClock.nowNs(),
  }: {
    setupData: string | undefined
    startNs: number | undefined
  }): Promise<void> {
    const shared = this.#need()
    const load = this.#load as Load
    shared.setupData = setupData
    this.#watch = new ThreadWatch(systemClock)
    this.#everySecond(startNs + 1e9)
    await load.run(startNs)
    this.#tick?.()
    this.#flush()
  }

  #everySecond(atNs: number): void {
    this.#tick = systemClock.coarseAt(atNs, () => {
      const shared = this.#need()
      // One worker speaks for all: the totals are everybody's.
      if (this.#index === 0) {
        shared.samples.add(shared.builtin.vus, shared.runTags, shared.totals.vusActive.total)
        shared.samples.add(shared.builtin.vus_max, shared.runTags, shared.totals.vusInitialized.total)
      }
      this.#flush()
      this.#everySecond(atNs + 1e9)
    })
  }

  #stop({ mode }: { mode: 'graceful' | 'now' }): void {
    this.#load?.stop(mode === 'now')
    if (mode === 'now') this.#current?.interrupt('stopped')
  }

  /** setup, teardown: a fresh instance with `__VU` 0, as k6. */
  async #once(
    name: string,
    phase: Phase,
    groupPath: string,
    args: readonly unknown[],
  ): Promise<{ data: string | undefined }> {
    const shared = this.#need()
    const vu = await this.#instance(0)
    this.#current = vu
    const options = shared.options
    const limitNs = phase === 'setup' ? options.setupTimeoutNs : options.teardownTimeoutNs
    const value = await this.#within(vu, limitNs, phase, () => vu.callOnce(name, phase, groupPath, args))
    await vu.close()
    if (phase !== 'setup' || value === undefined) return { data: undefined }
    return { data: stringifySetupData(vu, value) }
  }

  async #handleSummary({
    data,
  }: {
    data: string
  }): Promise<{ outputs: Record<string, string | Uint8Array> | undefined }> {
    const vu = await this.#instance(0)
    this.#current = vu
    const shared = this.#need()
    const parsed = this.#parse(data, vu)
    const value = await this.#within(vu, shared.options.handleSummaryTimeoutNs, 'handleSummary', () =>
      vu.callOnce('handleSummary', 'handleSummary', '', [parsed]),
    )
    await vu.close()
    if (value === null || value === undefined) return { outputs: undefined }
    if (typeof value !== 'object') throw new BadSummary('handleSummary() should return a map with string keys')
    const outputs: Record<string, string | Uint8Array> = {}
    for (const [path, content] of Object.entries(value as object)) {
      if (typeof content === 'string') outputs[path] = content
      else if (content instanceof vu.realm.ArrayBuffer) outputs[path] = new Uint8Array(content.slice(0))
      else if (ArrayBuffer.isView(content))
        outputs[path] = new Uint8Array(content.buffer.slice(0), content.byteOffset, content.byteLength)
      else
        throw new BadSummary(
          `error handling summary object ${path}: invalid type ${typeName(content)}, it needs to be a string or ArrayBuffer`,
        )
    }
    return { outputs }
  }

  async #within<T>(vu: Vu, limitNs: number, phase: Phase, fn: () => Promise<T>): Promise<T> {
    const atNs = systemClock.nowNs() + limitNs
    vu.hardEndNs = atNs
    let timedOut = false
    const cancel = systemClock.coarseAt(atNs, () => {
      timedOut = true
      vu.interrupt(`${phase}() timed out`)
    })
    try {
      return await fn()
    } catch (error) {
      if (timedOut || (isInterruption(error) && systemClock.nowNs() >= atNs)) throw new PhaseTimeout(phase, limitNs)
      throw error
    } finally {
      cancel()
    }
  }

  async #instance(id: number): Promise<Vu> {
    const shared = this.#need()
    let realm = this.#realm as ScriptRealm
    let factory = this.#factory as Factory
    if (this.#ownRealms && shared.configured) {
      realm = createRealm()
      factory = this.#evaluate(realm)
    }
    const vu = new Vu(shared, id, realm)
    await vu.init(factory)
    // k6 rewrites the exported options with the consolidated ones before VUs run.
    const exported = vu.exports['options']
    if (this.#exported !== undefined && typeof exported === 'object' && exported !== null) {
      for (const [key, value] of Object.entries(this.#exported)) {
        if (key !== 'scenarios' && !Object.hasOwn(exported, key)) continue
        try {
          ;(exported as Record<string, unknown>)[key] = value
        } catch {
          break // A frozen options object stays as the person made it.
        }
      }
    }
    return vu
  }

  #evaluate(realm: ScriptRealm): Factory {
    const { code, filename } = this.#params as LoadParams
    return realm.evaluate(code, filename) as Factory
  }

  #parse(text: string | undefined, vu?: Vu): unknown {
    return text === undefined ? undefined : (vu?.realm ?? (this.#realm as ScriptRealm)).JSON.parse(text)
  }

  #iterationError(vu: Vu, error: unknown): void {
    const text = this.#mapper?.describe(error) ?? String(error)
    this.#reporter.iterationError(error instanceof Interruption ? error.reason : firstLine(text))
    if (vu.isPersonsAsync) {
      // To k6 an async function that throws is a promise that nobody handled.
      this.#logUncaught(vu, error)
      return
    }
    this.#reporter.log.error(text, {
      executor: vu.scenario?.config.executor ?? '',
      hint: 'script exception',
      scenario: vu.scenario?.name ?? '',
      source: 'stacktrace',
    })
  }

  #logUncaught(vu: Vu | undefined, error: unknown): void {
    // A rejection with something that is no error has no frames in k6, and its line ends at the text.
    const isBare = !isObject(error) || consoleText in (error as object)
    const words = isBare ? String(error) : (this.#mapper?.describe(error) ?? String(error))
    const scenario = vu?.scenario
    this.#reporter.log.error(
      `Uncaught (in promise) ${words}`,
      scenario === undefined ? {} : { executor: scenario.config.executor, scenario: scenario.name },
    )
  }

  /** A rejected promise that nobody handles: k6 logs it and ends the iteration with it. */
  unhandledRejection(error: unknown): void {
    if (isInterruption(error)) return
    const vu = this.#shared?.running
    this.#logUncaught(vu, error)
    vu?.endByRejection()
  }

  #flush(): void {
    const shared = this.#shared
    if (shared === undefined) return
    this.#reporter.window(shared, this.#load?.states() ?? [], this.#watch?.sample())
  }

  async #close(): Promise<void> {
    this.#watch?.close()
    await this.#load?.close()
    this.#reporter.flushLogs()
  }

  #need(): WorkerShared {
    if (this.#shared === undefined) throw new Error('the worker has loaded no script')
    return this.#shared
  }
}

/** Connects a body with a port; used by the thread's entry and, in the same thread, by a coordinator under a debugger. */
export function serve(port: MessagePort): void {
  const body = new WorkerBody((message) => port.postMessage(message))
  process.on('unhandledRejection', (error) => body.unhandledRejection(error))
  const phases: Partial<Record<keyof WorkerCalls, Phase>> = {
    load: 'init',
    initVus: 'init',
    setup: 'setup',
    run: 'vu',
    teardown: 'teardown',
    handleSummary: 'handleSummary',
  }
  port.on('message', (message: ToWorker) => {
    body.handle(message.call, message.params).then(
      (result) => port.postMessage({ id: message.id, result } satisfies FromWorker),
      (error: unknown) => {
        const phase = phases[message.call] ?? 'vu'
        const failure: WorkerFailure =
          error instanceof PhaseTimeout
            ? { message: error.message, stack: undefined, kind: 'timeout', phase, fields: { hint: error.hint } }
            : body.failure(error, phase)
        port.postMessage({ id: message.id, failure } satisfies FromWorker)
      },
    )
  })
}

/** setup() answered what JSON cannot hold. */
class Unmarshalable extends Error {}

/** What handleSummary answered cannot be written. */
class BadSummary extends Error {}

class PhaseTimeout extends Error {
  readonly hint: string

  constructor(phase: Phase, limitNs: number) {
    super(`${phase}() execution timed out after ${limitNs / 1e9} seconds`)
    this.hint = `You can increase the time limit via the ${phase}Timeout option`
  }
}

/** The exported options as JSON, functions and undefined dropped. */
function toPlain(vu: Vu, value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const text = vu.realm.JSON.stringify(value) as string | undefined
  return text === undefined ? undefined : JSON.parse(text)
}

function stringifySetupData(vu: Vu, value: unknown): string | undefined {
  // k6 marshals in Go: undefined members become null, and a number that JSON cannot hold is an error.
  try {
    return vu.realm.JSON.stringify(value, (_key, member: unknown) => {
      if (typeof member === 'number' && !Number.isFinite(member))
        throw new vu.realm.GoError(`json: unsupported value: ${member}`)
      return member === undefined ? null : member
    })
  } catch (error) {
    throw new Unmarshalable(`error marshaling setup() data to JSON: ${(error as Error).message}`)
  }
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
