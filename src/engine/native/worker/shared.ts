/**
 * What all VUs of one worker share: the compiled script, options, metrics, transport, files, and the counters behind
 * `k6/execution`.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Cancel, Clock } from '#base/clock.js'
import { createShare, type Share, WHOLE } from '#config/execution-segment.js'
import type { Options } from '#config/types.js'
import { defineBuiltinMetrics, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import type { Metric, MetricType, TagSet, ValueKind } from '#metrics/types.js'
import { InstanceTotals, newBoardMemory } from '../executors/crew.js'
import { createTransport, type Transport } from '../http1/index.js'
import { unknownModule } from '../modules/index.js'
import { SecretVault } from '../modules/secrets/vault.js'
import type { ScriptRealm } from '../realm.js'
import type { BuiltinMetrics } from '#metrics/builtin.js'
import type { ExecutionView, ModuleFactory, ScriptFiles, ScriptLog } from '../types.js'
import { createGlobalPrototype } from '../vu-global.js'
import type { Activation, Vu } from '../vu.js'
import type { CrewParams, LoadParams, RequestError } from './protocol.js'
import { createRateLimit } from './rate-limit.js'

export interface WorkerHooks {
  readonly log: ScriptLog
  readonly abort: (vu: Vu, reason: string) => void
  readonly fail: (reason: string) => void
  readonly iterationError: (vu: Vu, error: unknown) => void
  readonly secret: (value: string) => void
  readonly requestError: (error: RequestError) => void
}

export class WorkerShared {
  readonly clock: Clock
  readonly log: ScriptLog
  readonly env: Readonly<Record<string, string>>
  readonly tagRegistry: TagRegistry
  readonly metrics: MetricRegistry
  readonly samples: MetricStore
  readonly builtin: BuiltinMetrics
  /** This instance's part of the test (`executionSegment`). */
  share: Share = WHOLE
  /** The VU whose code ran last: who an unhandled rejection belongs to. */
  running: Vu | undefined
  readonly files: ScriptFiles
  readonly secrets: SecretVault | undefined
  /** Caches and data that modules keep for the whole worker. */
  readonly store: Map<string, unknown> = new Map()
  /** What the script imports, loaded before its first init. */
  modules: ReadonlyMap<string, ModuleFactory> = new Map()
  runTags: TagSet
  setupData: string | undefined
  rateLimit: ((go: () => void) => Cancel) | undefined
  /** Over all workers of this instance. */
  totals: InstanceTotals = new InstanceTotals(newBoardMemory(1, 0), 0)
  startedNs: number | undefined
  readonly #params: LoadParams
  readonly #hooks: WorkerHooks
  readonly #stop: Int32Array
  #options: Options | undefined
  #systemTags: ReadonlySet<string> = new Set()
  #transport: Transport | undefined
  readonly #prototypes = new WeakMap<ScriptRealm, object>()

  constructor(params: LoadParams, clock: Clock, hooks: WorkerHooks) {
    this.#params = params
    this.#hooks = hooks
    this.clock = clock
    this.log = hooks.log
    this.env = params.env
    this.#stop = new Int32Array(params.stopFlag)
    this.tagRegistry = new TagRegistry()
    this.metrics = new MetricRegistry()
    this.builtin = defineBuiltinMetrics(this.metrics)
    this.samples = new MetricStore(this.metrics, this.tagRegistry)
    this.runTags = this.tagRegistry.root
    this.files = createFiles(this.store, params.entryUrl)
    this.secrets = params.secrets === undefined ? undefined : new SecretVault(params.secrets, hooks.secret, clock)
  }

  get options(): Options {
    if (this.#options === undefined) throw new Error('options are read before the script was configured')
    return this.#options
  }

  configure(options: Options, crew: Pick<CrewParams, 'index' | 'memory'>): void {
    this.#options = options
    this.totals = new InstanceTotals(crew.memory, crew.index)
    this.share = createShare(options.executionSegment, options.executionSegmentSequence)
    this.#systemTags = new Set(options.systemTags)
    this.runTags = this.tagRegistry.root.withAll(options.tags)
    this.rateLimit = options.rps > 0 ? createRateLimit(options.rps, this.clock, crew.memory) : undefined
  }

  /** Iterations carry the stage in which they began as a tag. */
  get tagStages(): boolean {
    return this.#params.tagStages
  }

  get configured(): boolean {
    return this.#options !== undefined
  }

  hasSystemTag(name: string): boolean {
    return this.#systemTags.has(name)
  }

  /** Made on first use: a script without HTTP opens no resolver. */
  transport(): Transport {
    return (this.#transport ??= createTransport({
      options: this.options,
      proxyEnv: this.#params.proxyEnv,
      clock: this.clock,
    }))
  }

  globalPrototype(realm: ScriptRealm): object {
    let prototype = this.#prototypes.get(realm)
    if (prototype === undefined) {
      prototype = createGlobalPrototype(realm)
      this.#prototypes.set(realm, prototype)
    }
    return prototype
  }

  module(specifier: string): ModuleFactory {
    const factory = this.modules.get(specifier)
    if (factory === undefined) throw unknownModule(specifier)
    return factory
  }

  defineMetric(name: string, type: MetricType, contains: ValueKind): Metric {
    return this.metrics.define(name, type, contains)
  }

  /** 0 run, 1 no new iterations, 2 interrupt now; set by the coordinator across threads. */
  stopFlag(): number {
    return Atomics.load(this.#stop, 0)
  }

  abort(vu: Vu, reason: string): void {
    this.#hooks.abort(vu, reason)
  }

  fail(_vu: Vu, reason: string): void {
    this.#hooks.fail(reason)
  }

  requestError(error: RequestError): void {
    this.#hooks.requestError(error)
  }

  iterationError(vu: Vu, error: unknown): void {
    this.#hooks.iterationError(vu, error)
  }

  /** The files read so far, moved to memory that other workers can share. */
  shareFiles(): [url: string, bytes: Uint8Array][] {
    const files: [string, Uint8Array][] = []
    for (const [key, value] of this.store) {
      if (!key.startsWith(FILE)) continue
      const bytes = new Uint8Array(new SharedArrayBuffer((value as Uint8Array).length))
      bytes.set(value as Uint8Array)
      this.store.set(key, bytes)
      files.push([key.slice(FILE.length), bytes])
    }
    return files
  }

  takeFiles(files: Iterable<readonly [url: string, bytes: Uint8Array]>): void {
    for (const [url, bytes] of files) this.store.set(FILE + url, bytes)
  }

  /** State of a module for the whole worker. */
  shared<T>(key: string, make: () => T): T {
    if (!this.store.has(key)) this.store.set(key, make())
    return this.store.get(key) as T
  }

  executionView(vu: Vu, activation: Activation | undefined, iterationInScenario: number): ExecutionView {
    return {
      idInInstance: vu.id,
      // k6 stripes the numbers of VUs over the instances, as it does everything countable.
      idInTest: vu.id === 0 ? 0 : this.share.globalIndex(vu.id - 1) + 1,
      iterationInScenario,
      scenarioProgress: () => activation?.progress() ?? 0,
      scenarioIterationInInstance: activation?.iterationOf(vu) ?? 0,
      scenarioIterationInTest: activation?.iterationInTestOf(vu) ?? 0,
      testRunDurationMs: () => (this.startedNs === undefined ? 0 : (this.clock.nowNs() - this.startedNs) / 1e6),
      iterationsCompleted: () => this.totals.iterationsCompleted.total,
      iterationsInterrupted: () => this.totals.iterationsInterrupted.total,
      vusActive: () => this.totals.vusActive.total,
      vusInitialized: () => this.totals.vusInitialized.total,
    }
  }
}

const FILE = 'file:'

// In the words of Go's os package, which scripts see in k6.
function readWhole(path: string): Uint8Array {
  const words: Record<string, string> = {
    ENOENT: `stat ${path}: no such file or directory`,
    ENOTDIR: `stat ${path}: not a directory`,
    EISDIR: `read ${path}: is a directory`,
    EACCES: `open ${path}: permission denied`,
  }
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(words[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message, { cause: error })
  }
}

/** Files of the init context: read once, shared by every VU. */
function createFiles(store: Map<string, unknown>, entryUrl: string): ScriptFiles {
  return {
    entryUrl,
    read(path, fromUrl) {
      const url = path.startsWith('/') ? new URL(`file://${path}`) : new URL(path, fromUrl)
      const key = FILE + url.href
      let bytes = store.get(key) as Uint8Array | undefined
      if (bytes === undefined) {
        if (path === '') throw new Error("open() can't be used with an empty filename")
        bytes = readWhole(fileURLToPath(url))
        store.set(key, bytes)
      }
      return bytes
    },
  }
}
