import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { MetricAggregate, MetricRegistry, MetricStore, TagRegistry } from '#metrics/index.js'
import { RELATIVE_ERROR } from '#stats/index.js'
import { decodeLine, toLine } from '../frame.js'
import { readRecord, type RunRecord } from '../record-reader.js'
import { openRecord, type WriterOptions } from '../record-writer.js'
import { FailingDisk, sampleEnding, sampleHeader } from '../testing/sample-run.js'
import type { Column, LoadDigest } from './types.js'

const root = mkdtempSync(join(tmpdir(), 'pw-rollup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let n = 0
const fresh = (): string => join(root, String(n++))

/** Two workers, endpoints that come and go, failures in a stretch, values from microseconds to seconds. */
async function writeRun(
  seconds: number,
  options: WriterOptions & { readonly end?: boolean; readonly endpoints?: number } = {},
): Promise<string> {
  const random = seededRandom(11)
  const header = {
    ...sampleHeader,
    options: {
      thresholds: {
        http_req_duration: ['p(95)<500', { threshold: 'p(99)<900', excludeFirst: '5s' }],
        'http_req_failed{name:/cart}': ['rate<0.01'],
      },
    },
  }
  const writer = await openRecord({ dir: fresh() }, header, { segmentBytes: 20_000, rollupFromBytes: 0, ...options })
  const workers = ['w0', 'w1'].map(() => {
    const registry = new MetricRegistry()
    const store = new MetricStore(registry, new TagRegistry())
    return {
      store,
      reqs: registry.define('http_reqs', 'counter'),
      duration: registry.define('http_req_duration', 'trend', 'time'),
      waiting: registry.define('http_req_waiting', 'trend', 'time'),
      failed: registry.define('http_req_failed', 'rate'),
      iterations: registry.define('iterations', 'counter'),
      vus: registry.define('vus', 'gauge'),
      response: registry.defineOwn('http_req_response_time', 'trend', 'time'),
      body: registry.defineOwn('http_res_body_bytes', 'trend', 'data'),
      tags: new TagRegistry(),
    }
  })
  const aggregate = new MetricAggregate(new MetricRegistry())
  for (let second = 0; second < seconds; second++) {
    for (const [w, of] of workers.entries()) {
      for (let i = 0; i < 6; i++) {
        const name = ['/', '/cart', '/late', `/item/${i % (options.endpoints ?? 3)}`][i % 4] as string
        if (name === '/late' && second < seconds / 2) continue
        const fails = second % 7 === 3 && i === 1
        const set = of.tags.intern([]).withAll({
          method: i % 2 === 0 ? 'GET' : 'POST',
          name,
          scenario: `s${w}`,
          group: '',
          status: fails ? '503' : '200',
        })
        const ms = Math.exp(random() * 6 - 2)
        of.store.add(of.reqs, set, 1)
        of.store.add(of.failed, set, fails ? 1 : 0)
        of.store.add(of.duration, set, ms)
        of.store.add(of.waiting, set, ms / 2)
        of.store.add(of.response, set, ms * 1.5)
        of.store.add(of.body, set, 100 + i)
        of.store.add(of.iterations, of.tags.intern([]).withAll({ scenario: `s${w}`, group: '' }), 1)
      }
      of.store.add(of.vus, of.tags.intern([]), 3)
      const batch = of.store.drain()
      const time = { fromNs: second * 1e9 + w * 1e6, toNs: (second + 1) * 1e9 + w * 1e6 }
      aggregate.merge(batch, time, `w${w}`)
      writer.window(batch, { ...time, unixMs: sampleHeader.startedUnixMs + time.toNs / 1e6 }, `w${w}`)
    }
    if (second % 20 === 19) await writer.flush()
  }
  if (options.end === false) await writer.abandon()
  else await writer.finish(sampleEnding(aggregate, seconds))
  return writer.dir
}

/** The same record without what it left of itself. */
function withoutRollup(dir: string): string {
  const copy = fresh()
  cpSync(dir, copy, { recursive: true })
  rmSync(join(copy, 'rollup'), { recursive: true })
  return copy
}

function expectEqual(left: LoadDigest, right: LoadDigest): void {
  expect([left.binS, left.binCount, left.startUnixMs]).toEqual([right.binS, right.binCount, right.startUnixMs])
  expectColumns(left.columns, right.columns)
  expect(left.endpoints.map(({ name }) => name)).toEqual(right.endpoints.map(({ name }) => name))
  for (const [i, { columns, total }] of left.endpoints.entries()) {
    const other = right.endpoints[i]!
    expectColumns(columns, other.columns)
    expect([total.requests, total.failed, total.body]).toEqual([
      other.total.requests,
      other.total.failed,
      other.total.body,
    ])
    for (const q of [0, 0.02, 0.5, 0.99, 1]) near(total.latency.quantile(q)!, other.total.latency.quantile(q)!)
  }
  expect(left.failures).toEqual(right.failures)
  const counts = ({ heat }: LoadDigest): number[] => heat.map((bin) => bin.reduce((sum, x, i) => sum + (i % 2) * x, 0))
  expect(counts(left)).toEqual(counts(right))
  for (const part of ['endpoints', 'scenarios', 'groups', 'failures', 'whole'] as const) {
    const plain = ({ parts }: LoadDigest): unknown =>
      parts[part].map(({ metric, tags, sink }) => [metric.name, metric.own, tags, sink.count, sink.min, sink.max])
    expect(plain(left)).toEqual(plain(right))
    for (const [i, { metric, sink }] of left.parts[part].entries()) {
      near(sink.sum, right.parts[part][i]!.sink.sum, 1e-9)
      if (metric.type === 'trend') near(sink.sketch.quantile(0.95)!, right.parts[part][i]!.sink.sketch.quantile(0.95)!)
    }
  }
  expect([...left.objectives.keys()].sort()).toEqual([...right.objectives.keys()].sort())
  for (const [key, { sinks }] of left.objectives)
    expect(sinks.map(({ count }) => count)).toEqual(right.objectives.get(key)?.sinks.map(({ count }) => count))
}

function expectColumns(left: object, right: object): void {
  for (const [name, column] of Object.entries(left) as [string, Column][]) {
    const other = (right as Record<string, Column>)[name]!
    expect(column.length).toBe(other.length)
    // Rates are counts over seconds: exact but for the rounding of the seconds.
    const bound = name.endsWith('Ms') ? RELATIVE_ERROR : 1e-6
    column.forEach((value, i) => near(value, other[i]!, bound, `${name}[${i}]`))
  }
}

/** Thousands of numbers are compared: `expect` is asked of those that differ alone. */
function near(value: number, other: number, bound = 2 * RELATIVE_ERROR, what = ''): void {
  const isNear = Number.isNaN(other) ? Number.isNaN(value) : Math.abs(value - other) <= bound * Math.abs(other) + 1e-12
  if (!isNear) expect.fail(`${what}: ${value} is not ${other}`)
}

async function readBoth(dir: string): Promise<[RunRecord, RunRecord]> {
  return [await readRecord(dir), await readRecord(withoutRollup(dir))]
}

describe('what a run leaves of itself', () => {
  it('says the same as its rows: counts exactly, times within the error of a sketch', async () => {
    const dir = await writeRun(90)
    expect(readdirSync(join(dir, 'rollup')).sort()).toEqual(['1s.ndjson', 'segments.ndjson'])
    const [left, right] = await readBoth(dir)
    expect(left.missing).toEqual([])
    expect(left.totals).toEqual(right.totals)
    expectEqual(await left.digest(), await right.digest())
  })

  it('has longer bins for longer runs, and no others stay behind', async () => {
    const dir = await writeRun(2060)
    expect(readdirSync(join(dir, 'rollup')).sort()).toEqual(['2s.ndjson', 'segments.ndjson'])
    const [left, right] = await readBoth(dir)
    expect((await left.digest()).binS).toBe(2)
    expectEqual(await left.digest(), await right.digest())
  })

  it('answers without a row being read', async () => {
    const dir = await writeRun(60)
    const record = await readRecord(dir)
    // Behind the reader's back: its rows are gone once it has seen that they are as they were written.
    rmSync(join(dir, 'series'), { recursive: true })
    const { parts, columns } = await record.digest()
    expect(parts.whole.find(({ metric }) => metric.name === 'http_reqs')?.sink.sum).toBeGreaterThan(500)
    expect(columns.requestsPerS).toHaveLength(60)
  })

  it('is not there for short runs, nor for one that was killed: their rows are read', async () => {
    expect(existsSync(join(await writeRun(5, { rollupFromBytes: 1e9 }), 'rollup'))).toBe(false)
    const killed = await readRecord(await writeRun(40, { end: false }), { isAlive: () => false })
    expect(killed.state).toBe('killed')
    // The second worker's last window ends a millisecond later.
    expect((await killed.digest()).columns.requestsPerS).toHaveLength(41)
  })
})

describe('a roll-up that is not as it was written', () => {
  it('is left aside at every line that is torn, changed or of another run', async () => {
    const dir = await writeRun(12)
    const [, rows] = await readBoth(dir)
    const expected = await rows.digest()
    const path = join(dir, 'rollup/1s.ndjson')
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    const damage: ((lines: string[], at: number) => string[])[] = [
      (all, at) => all.toSpliced(at, 1),
      (all, at) => all.toSpliced(at, 1, all[at]!.replace(/\d(?=[^\d]*$)/, 'x')),
      (all, at) => [...all.slice(0, at), all[at]!.slice(0, 20)],
    ]
    for (let at = 0; at < lines.length; at += 7) {
      for (const [kind, damaged] of damage.entries()) {
        writeFileSync(path, `${damaged(lines, at).join('\n')}\n`)
        const record = await readRecord(dir)
        expectEqual(await record.digest(), expected)
        expect(record.missing, `line ${at}, ${kind}`).toEqual([])
      }
    }
  })

  it('with a right checksum and absurd content costs neither memory nor sense', async () => {
    const dir = await writeRun(12)
    const [, rows] = await readBoth(dir)
    const expected = await rows.digest()
    const path = join(dir, 'rollup/1s.ndjson')
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    const absurd: Record<string, unknown>[] = [
      { bin: 1e9 },
      { bin: -1 },
      { seconds: 0 },
      { places: [9999] },
      { cells: 'AAAA' },
      { heat: [1e9, 1] },
      { failures: [250, 1] },
      { general: [] },
      { endpoints: Array.from({ length: 600 }, (_, i) => `/${i}`) },
      { ways: [['a']], failures: [0, -1] },
    ]
    for (const change of absurd) {
      const bin = decodeLine(Buffer.from(lines[3]!)) as object
      const line = toLine({ ...bin, ...change })
        .toString()
        .trimEnd()
      writeFileSync(path, `${lines.toSpliced(3, 1, line).join('\n')}\n`)
      expectEqual(await (await readRecord(dir)).digest(), expected)
    }
  })

  it('does not hide that a file of the series is damaged', async () => {
    const dir = await writeRun(60)
    const path = join(dir, 'series/000001.ndjson.gz')
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 0x55
    writeFileSync(path, bytes)
    const record = await readRecord(dir)
    expect(record.missing).not.toEqual([])
    rmSync(path)
    const cut = await readRecord(dir)
    expect(cut.missing.map(({ what }) => what).join()).toMatch(/^series: \d+ windows? \(/)
    // Its digest is of what is left, like that of any damaged record.
    const [reqs] = await cut.totalsOf({ metric: 'http_reqs' })
    const whole = (await cut.digest()).parts.whole.find(({ metric }) => metric.name === 'http_reqs')
    expect(whole?.sink.sum).toBe(reqs?.sink.sum)
  })
})

describe('a disk that fails while a roll-up is written', () => {
  it('at its n-th operation, for every n, costs nothing that the record does not say', async () => {
    const probe = new FailingDisk(0)
    await writeRun(8, { disk: probe })
    for (let nth = 1; nth <= probe.count; nth++) {
      const disk = new FailingDisk(nth)
      const dir = await writeRun(8, { disk, warn: () => {} })
      const record = await readRecord(dir, { isAlive: () => false }).catch(() => undefined)
      if (record === undefined) continue
      if ([...disk.failed].some((what) => what.includes('/rollup')))
        expect(record.missing, [...disk.failed][0]).toEqual([])
      const [reqs] = await record.totalsOf({ metric: 'http_reqs' })
      const whole = (await record.digest()).parts.whole.find(({ metric }) => metric.name === 'http_reqs')
      expect(whole?.sink.sum, [...disk.failed][0]).toBe(reqs?.sink.sum)
    }
  })
})
