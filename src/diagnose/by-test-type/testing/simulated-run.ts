/** Records of runs whose truth is known: written and read back as any record, only that nobody sent the requests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SimClock } from '#base/clock.js'
import { normalQuantile } from '#stats/distributions.js'
import { type Random, seededRandom } from '#base/random.js'
import { MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { openRecord, readRecord, type RunHeader, type Readings } from '#record/index.js'
import { readEvidence } from '../../read-evidence.js'
import { analyseByTestType, type ByTestType } from '../index.js'

export interface SimulatedSecond {
  /** Milliseconds of each request that ended. */
  readonly requestMs: readonly number[]
  /** How many of them failed. */
  readonly failed?: number
  readonly vus?: number
  readonly dropped?: number
  /** `{ target: { rss_bytes: 1e6 } }` */
  readonly observed?: Readonly<Record<string, Readings>>
}

export interface SimulatedRun {
  readonly scenario: Readonly<Record<string, unknown>>
  readonly seconds: readonly SimulatedSecond[]
  readonly testType?: string
  readonly thresholds?: readonly {
    readonly metric: string
    readonly source: string
    readonly ok: boolean
    readonly value?: number
  }[]
  readonly trust?: {
    readonly verdict: 'trustworthy' | 'doubtful' | 'not-trustworthy'
    readonly reasons: readonly string[]
  }
  /** Iterations that an open model asked for. */
  readonly asked?: number
}

export async function analyseSimulated(run: SimulatedRun): Promise<ByTestType> {
  const folder = await mkdtemp(join(tmpdir(), 'pw-simulated-'))
  try {
    await write(join(folder, 'record'), run)
    const record = await readRecord(join(folder, 'record'))
    return await analyseByTestType(await readEvidence(record), record)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface Dice {
  readonly uniform: Random
  normal(): number
  /** Mean 1. */
  exponential(): number
  /** Mean `mean`. */
  poisson(mean: number): number
}

export function dice(seed: number): Dice {
  const uniform = seededRandom(seed)
  const normal = (): number => normalQuantile(Math.min(1 - 1e-12, uniform() + 1e-13))
  return {
    uniform,
    normal,
    exponential: () => -Math.log(1 - uniform()),
    poisson: (mean) => {
      if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
      let [count, left] = [0, mean]
      for (left += Math.log(1 - uniform()); left > 0; left += Math.log(1 - uniform())) count++
      return count
    },
  }
}

async function write(dir: string, run: SimulatedRun): Promise<void> {
  const clock = new SimClock()
  const writer = await openRecord({ dir }, headerOf(run), { clock, warn: () => undefined })
  const registry = new MetricRegistry()
  const reqs = registry.define('http_reqs', 'counter')
  const duration = registry.define('http_req_duration', 'trend', 'time')
  const failed = registry.define('http_req_failed', 'rate')
  const iterations = registry.define('iterations', 'counter')
  const iterationMs = registry.define('iteration_duration', 'trend', 'time')
  const dropped = registry.define('dropped_iterations', 'counter')
  const vus = registry.define('vus', 'gauge')
  const tags = new TagRegistry()
  const store = new MetricStore(registry, tags)
  const aggregate = new MetricAggregate(new MetricRegistry())
  const set = (ok: boolean): ReturnType<typeof tags.intern> =>
    tags
      .intern([])
      .withAll({ method: 'GET', name: '/', scenario: 's', status: ok ? '200' : '503', expected_response: String(ok) })
  for (const [
    second,
    { requestMs, failed: bad = 0, vus: running, dropped: lost = 0, observed = {} },
  ] of run.seconds.entries()) {
    for (const [i, ms] of requestMs.entries()) {
      const ok = i >= bad
      store.add(reqs, set(ok), 1)
      store.add(duration, set(ok), ms)
      store.add(failed, set(ok), ok ? 0 : 1)
      store.add(iterations, tags.intern([]), 1)
      store.add(iterationMs, tags.intern([]), ms)
    }
    if (lost > 0) store.add(dropped, tags.intern([]), lost)
    if (running !== undefined) store.add(vus, tags.intern([]), running)
    const time = { fromNs: second * 1e9, toNs: (second + 1) * 1e9 }
    const batch = store.drain()
    aggregate.merge(batch, time)
    const span = { ...time, unixMs: 1_700_000_000_000 + time.toNs / 1e6 }
    writer.window(batch, span, 'w0')
    for (const [part, readings] of Object.entries(observed)) writer.observe(part, readings, span)
    // A real run has a second of time for it.
    if (second % 10 === 9) await writer.flush()
  }
  const asked = run.asked ?? null
  await writer.finish({
    endedUnixMs: 1_700_000_000_000 + run.seconds.length * 1000,
    durationNs: run.seconds.length * 1e9,
    scenarios: [
      {
        name: 's',
        executor: String(run.scenario['executor']),
        asked,
        sent: run.seconds.reduce((sum, { requestMs }) => sum + requestMs.length, 0),
        dropped: run.seconds.reduce((sum, { dropped: lost = 0 }) => sum + lost, 0),
        startLagMs: null,
      },
    ],
    thresholds: (run.thresholds ?? []).map(({ metric, source, ok, value }) => ({
      name: metric,
      results: [{ source, ok, value, spec: { abortOnFail: false } }],
    })),
    aggregate,
    trendStats: [],
    trust: run.trust ?? { verdict: 'trustworthy', reasons: [] },
    exit: { code: 0, reason: '' },
  })
}

function headerOf(run: SimulatedRun): RunHeader {
  return {
    id: '6f1c1f9e-0000-4000-8000-000000000002',
    name: 'simulated',
    testType: run.testType ?? null,
    tool: { name: 'perfwright', version: '0.1.0' },
    engine: { name: 'native', version: '0.1.0' },
    script: { path: 's.js', sha256: 'ab'.repeat(32), sources: [] },
    options: { scenarios: { s: run.scenario } },
    commandLine: ['run', 's.js'],
    environment: { hosts: [], git: null, scalingFactor: null },
    writer: { host: 'elsewhere.example', pid: 4242 },
    startedUnixMs: 1_700_000_000_000,
  }
}
