/** A small run made with the real metric store, and disks that fail where a test wants it. */
import { SimClock } from '#base/clock.js'
import { MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import type { AppendFile, Disk } from '../disk.js'
import { nodeDisk } from '../disk.js'
import { openRecord, type RecordWriter, type RunEnding } from '../record-writer.js'
import type { Missing, RunHeader } from '../types.js'

export const sampleHeader: RunHeader = {
  id: '6f1c1f9e-0000-4000-8000-000000000001',
  name: 'sample',
  testType: 'load',
  tool: { name: 'perfwright', version: '0.1.0' },
  engine: { name: 'native', version: '0.1.0' },
  script: {
    path: 'sample.js',
    sha256: 'ab'.repeat(32),
    sources: [{ url: 'file:///sample.js', sha256: 'ab'.repeat(32), bytes: 123 }],
  },
  options: { vus: 2, thresholds: { http_req_duration: ['p(95)<500'] } },
  commandLine: ['run', 'sample.js'],
  environment: {
    hosts: [
      {
        name: 'build',
        role: 'injector',
        cores: 2,
        cpuModel: 'a processor',
        memoryBytes: 8e9,
        os: 'Linux 6.1',
        arch: 'x64',
        runtimes: { node: 'v20.19.0' },
      },
    ],
    git: { commit: 'c0ffee'.padEnd(40, '0'), branch: 'main' },
    scalingFactor: 0.5,
  },
  writer: { host: 'elsewhere.example', pid: 4242 },
  startedUnixMs: 1_700_000_000_000,
}

/** Writes `seconds` windows of a steady load; `end` false leaves the record as a kill would. */
export async function writeSample(
  place: string | { readonly dir: string },
  options: {
    readonly seconds?: number
    readonly end?: boolean
    readonly disk?: Disk
    readonly warnings?: string[]
    readonly header?: Partial<RunHeader>
    readonly perSecond?: number
    readonly segmentBytes?: number
    readonly rollupFromBytes?: number
    readonly checkName?: string
  } = {},
): Promise<{
  readonly writer: RecordWriter
  readonly aggregate: MetricAggregate
  readonly missing: readonly Missing[]
}> {
  const { seconds = 3, perSecond = 20, warnings = [], checkName = 'status is 200' } = options
  const clock = new SimClock()
  const writer = await openRecord(
    place,
    { ...sampleHeader, ...options.header },
    {
      clock,
      warn: (message) => warnings.push(message),
      ...(options.disk === undefined ? {} : { disk: options.disk }),
      ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
      ...(options.rollupFromBytes === undefined ? {} : { rollupFromBytes: options.rollupFromBytes }),
    },
  )
  const registry = new MetricRegistry()
  const reqs = registry.define('http_reqs', 'counter')
  const duration = registry.define('http_req_duration', 'trend', 'time')
  const failed = registry.define('http_req_failed', 'rate')
  const checks = registry.define('checks', 'rate')
  const vus = registry.define('vus', 'gauge')
  const response = registry.defineOwn('http_req_response_time', 'trend', 'time')
  const tags = new TagRegistry()
  const store = new MetricStore(registry, tags)
  const aggregate = new MetricAggregate(new MetricRegistry())
  writer.event('phase', { phase: 'running' })
  for (let second = 0; second < seconds; second++) {
    for (let i = 0; i < perSecond; i++) {
      const name = i % 4 === 0 ? '/cart' : '/'
      const ok = i !== 7
      const set = tags
        .intern([])
        .withAll({ method: 'GET', name, scenario: 'default', status: ok ? '200' : '503', group: '' })
      const ms = 10 + ((second * perSecond + i) % 97)
      store.add(reqs, set, 1)
      store.add(duration, set, ms)
      store.add(response, set, ms + 5)
      store.add(failed, set, ok ? 0 : 1)
      store.add(checks, tags.intern([]).withAll({ check: checkName, group: '' }), ok ? 1 : 0)
    }
    store.add(vus, tags.intern([]), 2)
    const time = { fromNs: second * 1e9, toNs: (second + 1) * 1e9 }
    const batch = store.drain()
    aggregate.merge(batch, time)
    const span = { ...time, unixMs: sampleHeader.startedUnixMs + time.toNs / 1e6 }
    writer.window(batch, span, 'w0')
    writer.observe('injector', { cpu_ratio: 0.25, heap_bytes: 1e7, loop_lag_ms: undefined }, span)
    writer.event('annotation', { text: `second ${second}` })
    // A real run has a second of time for it.
    await writer.flush()
  }
  if (options.end === false) {
    await writer.abandon()
    return { writer, aggregate, missing: writer.missing }
  }
  return { writer, aggregate, missing: await writer.finish(sampleEnding(aggregate, seconds)) }
}

export function sampleEnding(aggregate: MetricAggregate, seconds: number): RunEnding {
  return {
    endedUnixMs: sampleHeader.startedUnixMs + seconds * 1000,
    durationNs: seconds * 1e9,
    scenarios: [
      {
        name: 'default',
        executor: 'constant-arrival-rate',
        asked: 60,
        sent: 58,
        dropped: 2,
        startLagMs: { med: 0.1, p95: 0.4, p99: 0.9, max: 2 },
      },
    ],
    thresholds: [
      {
        name: 'http_req_duration',
        results: [{ source: 'p(95)<500', ok: true, value: 95, spec: { abortOnFail: false } }],
      },
      { name: 'http_req_failed', results: [{ source: 'rate<0.01', ok: false, value: 0.05 }] },
    ],
    aggregate,
    trendStats: ['avg', 'p(95)'],
    trust: { verdict: 'doubtful', reasons: ['The injector was busy.'] },
    exit: { code: 99, reason: "thresholds on metrics 'http_req_failed' have been crossed" },
  }
}

/** Fails the n-th changing operation (from 1), or all from it on; a failing append leaves half of its data. */
export class FailingDisk implements Disk {
  count = 0
  readonly #nth: number
  readonly #allAfter: boolean
  readonly #code: string
  readonly #log = new Set<string>()

  constructor(nth: number, allAfter = false, code = 'ENOSPC') {
    this.#nth = nth
    this.#allAfter = allAfter
    this.#code = code
  }

  /** What was failed. */
  get failed(): ReadonlySet<string> {
    return this.#log
  }

  async mkdir(path: string): Promise<boolean> {
    this.#step(`mkdir ${path}`)
    return nodeDisk.mkdir(path)
  }

  async writeFile(path: string, data: Uint8Array | string): Promise<void> {
    this.#step(`write ${path}`)
    return nodeDisk.writeFile(path, data)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step(`rename ${from}`)
    return nodeDisk.rename(from, to)
  }

  async gzip(from: string, to: string): Promise<void> {
    this.#step(`gzip ${from}`)
    return nodeDisk.gzip(from, to)
  }

  async remove(path: string): Promise<void> {
    this.#step(`remove ${path}`)
    return nodeDisk.remove(path)
  }

  async append(path: string): Promise<AppendFile> {
    this.#step(`open ${path}`)
    const file = await nodeDisk.append(path)
    return {
      write: async (data) => {
        try {
          this.#step(`append ${path}`)
        } catch (error) {
          await file.write(data.subarray(0, data.length >> 1))
          throw error
        }
        await file.write(data)
      },
      close: async () => {
        await file.close()
        this.#step(`close ${path}`)
      },
    }
  }

  list = (path: string): ReturnType<Disk['list']> => nodeDisk.list(path)
  folders = (path: string): ReturnType<Disk['folders']> => nodeDisk.folders(path)
  stat = (path: string): ReturnType<Disk['stat']> => nodeDisk.stat(path)
  read = (path: string): ReturnType<Disk['read']> => nodeDisk.read(path)

  #step(what: string): void {
    this.count++
    if (this.count === this.#nth || (this.#allAfter && this.count > this.#nth)) {
      this.#log.add(what)
      throw Object.assign(new Error(`${this.#code}: ${what}`), { code: this.#code, errno: -28 })
    }
  }
}
