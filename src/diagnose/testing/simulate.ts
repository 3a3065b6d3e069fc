/** Evidence of runs that never were: users in a closed loop before a service of so many places, second by second. */
import { seededRandom } from '#base/random.js'
import type { Analysis } from '#record/index.js'
import { sampleHeader } from '#record/testing/sample-run.js'
import { Sketch } from '#stats/index.js'
import type { Endpoint, Evidence, LoadColumns, RequestColumns, TimedEvent } from '../evidence.js'
import { type Column, emptyColumn } from '../grid.js'
import { identity, ObservedTable } from '../observed-table.js'

export interface SimulatedEndpoint {
  readonly name: string
  /** Milliseconds of each request that ended in a second. */
  readonly latencies: readonly (readonly number[])[]
  readonly bodyBytes?: (request: number) => number
  /** Requests that failed in a second. */
  readonly failed?: (second: number) => number
  readonly status?: string
}

/**
 * `users` ask, think and ask again; `servers` of them are served at once for `serviceMs` each, the others wait in a line.
 * @returns latencies by the second in which a request ended
 */
export function closedLoop(options: {
  readonly users: number
  readonly thinkMs: number
  readonly servers: number
  readonly serviceMs: number
  readonly seconds: number
  readonly seed?: number
  /** Of the service time, either way. */
  readonly jitter?: number
}): number[][] {
  const { users, thinkMs, servers, serviceMs, seconds, jitter = 0.1 } = options
  const random = seededRandom(options.seed ?? 1)
  const bins: number[][] = Array.from({ length: seconds }, () => [])
  const freeAt = Array.from({ length: servers }, () => 0)
  const asks = Array.from({ length: users }, () => random() * thinkMs)
  for (;;) {
    const user = asks.indexOf(Math.min(...asks))
    const askedMs = asks[user] as number
    if (askedMs >= seconds * 1000) return bins
    const server = freeAt.indexOf(Math.min(...freeAt))
    const beginMs = Math.max(askedMs, freeAt[server] as number)
    const endMs = beginMs + serviceMs * (1 - jitter + 2 * jitter * random())
    freeAt[server] = endMs
    bins[Math.floor(endMs / 1000)]?.push(endMs - askedMs)
    asks[user] = endMs + thinkMs * (0.5 + random())
  }
}

export function simulate(options: {
  readonly endpoints: readonly SimulatedEndpoint[]
  /** `'postgres connections_active': 3`, or a value for each second; tags in braces. */
  readonly observed?: Readonly<Record<string, number | ((second: number) => number)>>
  readonly events?: readonly { readonly type: string; readonly detail: Readonly<Record<string, unknown>> }[]
  readonly vus?: number
}): Evidence {
  const seconds = options.endpoints[0]?.latencies.length ?? 0
  const grid = { binS: 1, binCount: seconds }
  const endpoints = options.endpoints.map((one) => endpointOf(one, seconds))
  const whole = requestColumns(
    seconds,
    (second) => options.endpoints.flatMap(({ latencies }) => latencies[second] ?? []),
    (second) => options.endpoints.reduce((sum, { failed }) => sum + (failed?.(second) ?? 0), 0),
    () => Number.NaN,
  )
  const load: LoadColumns = {
    ...whole,
    inFlight: whole.requestsPerS.map((rate, i) => (rate * (whole.meanMs[i] || 0)) / 1000),
    vus: new Float64Array(seconds).fill(options.vus ?? 10),
    iterationsPerS: whole.requestsPerS,
    iterationMs: whole.meanMs,
    droppedPerS: new Float64Array(seconds),
    startLagMs: emptyColumn(grid),
    receivedBytesPerS: whole.requestsPerS.map((rate) => rate * 1000),
    sentBytesPerS: whole.requestsPerS.map((rate) => rate * 100),
    checksFailedPerS: new Float64Array(seconds),
  }
  const events: TimedEvent[] = (options.events ?? []).map((event, i) => ({ ...event, unixMs: i, atS: 1 }))
  return {
    run: {
      ...sampleHeader,
      formatVersion: 1,
      state: 'finished',
      endedUnixMs: null,
      durationNs: seconds * 1e9,
      scenarios: [],
      thresholds: [],
      checks: null,
      summary: null,
      trust: { verdict: 'trustworthy', reasons: [] },
      exit: { code: 0, reason: null },
      missing: [],
      written: null,
    },
    dir: '/nowhere',
    durationS: seconds,
    ...grid,
    load,
    endpoints: endpoints.toSorted((a, b) => b.total.latency.sum - a.total.latency.sum),
    failures: options.endpoints.flatMap(({ name, failed, status = '500' }) => {
      if (failed === undefined) return []
      const perS = Float64Array.from({ length: seconds }, (_, second) => failed(second))
      return [
        { endpoint: name, status, errorCode: `1${status}`, error: '', count: perS.reduce((a, b) => a + b, 0), perS },
      ]
    }),
    observed: new ObservedTable(
      Object.entries(options.observed ?? {}).map(([key, value]) => seriesOf(key, value, seconds)),
    ),
    events,
    profiles: [],
    missing: [],
  }
}

/** What the analysis by test type says of a run without anything remarkable. */
export function plainAnalysis(overrides: Partial<Analysis> = {}): Omit<Analysis, 'analysisVersion'> {
  return {
    testType: 'load',
    stages: [],
    steady: null,
    warmupS: null,
    answer: { question: 'Can it?', verdict: 'cannot-tell', because: [] },
    objectives: [],
    badWindows: [],
    capacity: null,
    trends: [],
    recovery: null,
    errors: [],
    checkpoints: [],
    caveats: [],
    ...overrides,
  }
}

function endpointOf(one: SimulatedEndpoint, seconds: number): Endpoint {
  const latency = new Sketch(1024)
  const all = one.latencies.flat()
  for (const value of all) latency.add(value)
  const sizes = one.bodyBytes === undefined ? [] : all.map((_, i) => one.bodyBytes?.(i) ?? 0)
  return {
    name: one.name,
    columns: requestColumns(
      seconds,
      (second) => one.latencies[second] ?? [],
      (second) => one.failed?.(second) ?? 0,
      () => sizes[0] ?? Number.NaN,
    ),
    total: {
      requests: all.length,
      failed: 0,
      latency,
      body:
        sizes.length === 0
          ? undefined
          : {
              count: sizes.length,
              bytes: sizes.reduce((a, b) => a + b, 0),
              min: Math.min(...sizes),
              max: Math.max(...sizes),
            },
    },
  }
}

function requestColumns(
  seconds: number,
  latencies: (second: number) => readonly number[],
  failed: (second: number) => number,
  body: (second: number) => number,
): RequestColumns {
  const column = (of: (sorted: number[]) => number): Column =>
    Float64Array.from({ length: seconds }, (_, second) => of(latencies(second).toSorted((a, b) => a - b)))
  const at = (q: number) => (sorted: number[]) => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
  const mean = (sorted: number[]): number =>
    sorted.length === 0 ? Number.NaN : sorted.reduce((a, b) => a + b, 0) / sorted.length
  return {
    requestsPerS: column((sorted) => sorted.length),
    failedPerS: Float64Array.from({ length: seconds }, (_, second) => failed(second)),
    p50Ms: column(at(0.5)),
    p95Ms: column(at(0.95)),
    p99Ms: column(at(0.99)),
    meanMs: column(mean),
    waitingMs: column(mean),
    receivingMs: column(() => 0.1),
    connectingMs: column(() => 0),
    bodyBytes: Float64Array.from({ length: seconds }, (_, second) => body(second)),
  }
}

/** `target connections_out{peer=127.0.0.1:5432}` */
function seriesOf(key: string, value: number | ((second: number) => number), seconds: number) {
  const [, part = '', metric = '', tags] = /^(\S+) (\w+)(?:\{(.*)\})?$/.exec(key) ?? []
  const entries = (tags ?? '')
    .split(', ')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
  const values = Float64Array.from({ length: seconds }, (_, second) =>
    typeof value === 'number' ? value : value(second),
  )
  return { ...identity(part, metric, entries), values }
}
