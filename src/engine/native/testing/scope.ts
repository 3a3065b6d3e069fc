/**
 * A real VuScope for tests of modules: the real loop, metrics store and transport, a realm of its own, and a log that
 * keeps its lines. Nothing is mocked; what the engine adds (scenarios, iterations) is set by the test.
 */
import { systemClock } from '#base/clock.js'
import { DEFAULT_SYSTEM_TAGS } from '#config/option-table.js'
import type { Options } from '#config/types.js'
import { defineBuiltinMetrics, MetricRegistry, TagRegistry } from '#metrics/index.js'
import type { Metric, TagSet } from '#metrics/types.js'
import { createTransport, type Transport } from '../http1/index.js'
import { Loop } from '../loop.js'
import { createRealm, type ScriptRealm } from '../realm.js'
import type { LogFields, Phase, VuScope } from '../types.js'

export interface TestScope extends VuScope {
  phase: Phase
  iteration: number
  startLagMs: number
  readonly realm: ScriptRealm
  readonly loop: Loop
  /** Every sample, in order. */
  readonly taken: { readonly metric: string; readonly tags: Record<string, string>; readonly value: number }[]
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields | undefined }[]
  close(): void
}

export interface TestScopeInit {
  readonly options?: Partial<Options>
  readonly phase?: Phase
  /** Shared by scopes that stand for VUs of one worker. */
  readonly shared?: Map<string, unknown>
  readonly transport?: Transport
  readonly realm?: ScriptRealm
  readonly id?: number
  readonly rateLimit?: VuScope['rateLimit']
}

export function createTestScope(init: TestScopeInit = {}): TestScope {
  const options = { ...defaultOptions, ...init.options }
  const realm = init.realm ?? createRealm()
  const registry = new MetricRegistry()
  const builtin = defineBuiltinMetrics(registry)
  const store = init.shared ?? new Map<string, unknown>()
  const transport = init.transport ?? createTransport({ options, proxyEnv: {}, clock: systemClock })
  const taken: TestScope['taken'] = []
  const lines: TestScope['lines'] = []
  const log = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields })
  const tagRegistry = share(store, 'test:tags', () => new TagRegistry())
  const connections = transport.connections(init.id ?? 1)
  const closers: (() => void | Promise<void>)[] = []
  return {
    realm,
    options,
    clock: systemClock,
    phase: init.phase ?? 'vu',
    id: init.id ?? 1,
    iteration: 0,
    scenario: undefined,
    tags: tagRegistry.root.withAll({ scenario: 'default', group: '' }),
    metadata: undefined,
    groupPath: '',
    samples: {
      add(metric: Metric, tags: TagSet, value: number) {
        taken.push({ metric: metric.name, tags: tags.toObject(), value })
      },
    },
    builtin,
    loop: new Loop(realm, systemClock, (error) => {
      throw error
    }),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    connections,
    defineMetric: (name, type, contains) => registry.define(name, type, contains),
    files: {
      read(path) {
        throw new Error(`no file ${path}`)
      },
    },
    shared: (key, make) => share(store, key, make),
    abort(reason): never {
      throw new Error(`aborted: ${reason}`)
    },
    fail() {},
    execution: {
      idInInstance: init.id ?? 1,
      idInTest: init.id ?? 1,
      iterationInScenario: 0,
      scenarioProgress: () => 0,
      scenarioIterationInInstance: 0,
      scenarioIterationInTest: 0,
      testRunDurationMs: () => 0,
      iterationsCompleted: () => 0,
      iterationsInterrupted: () => 0,
      vusActive: () => 1,
      vusInitialized: () => 1,
    },
    setRandom() {},
    startLagMs: 0,
    dataSent: 0,
    dataReceived: 0,
    rateLimit: init.rateLimit,
    taken,
    lines,
    environment: () => ({}),
    onClose(close) {
      closers.push(close)
    },
    close() {
      for (const close of closers.splice(0)) void close()
      connections.close()
      if (init.transport === undefined) transport.close()
    },
  }
}

function share<T>(store: Map<string, unknown>, key: string, make: () => T): T {
  if (!store.has(key)) store.set(key, make())
  return store.get(key) as T
}

/** k6's defaults, as far as modules read them. */
export const defaultOptions: Options = {
  scenarios: {},
  thresholds: {},
  tags: {},
  systemTags: DEFAULT_SYSTEM_TAGS,
  setupTimeoutNs: 60e9,
  teardownTimeoutNs: 60e9,
  handleSummaryTimeoutNs: 120e9,
  minIterationDurationNs: 0,
  noSetup: false,
  noTeardown: false,
  noThresholds: false,
  noSummary: false,
  paused: false,
  summaryMode: 'compact',
  summaryTrendStats: [],
  summaryTimeUnit: undefined,
  batch: 20,
  batchPerHost: 6,
  maxRedirects: 10,
  rps: 0,
  userAgent: 'Grafana k6/2.2.0',
  httpDebug: '',
  traceRequests: false,
  throw: false,
  insecureSkipTLSVerify: false,
  noConnectionReuse: false,
  noVUConnectionReuse: false,
  noCookiesReset: false,
  discardResponseBodies: false,
  hosts: {},
  blockHostnames: [],
  refusedHosts: [],
  onlyHosts: [],
  blacklistIPs: [],
  localIPs: undefined,
  dns: { ttlMs: 300_000, select: 'random', policy: 'preferIPv4' },
  tlsAuth: [],
  tlsVersion: undefined,
  tlsCipherSuites: undefined,
  executionSegment: undefined,
  executionSegmentSequence: undefined,
  rest: {},
  exported: {},
  shortcuts: {},
}
