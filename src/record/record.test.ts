import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SimClock } from '#base/clock.js'
import { PerfwrightError } from '#base/errors.js'
import { readRecord } from './record-reader.js'
import { openRecord } from './record-writer.js'
import { FailingDisk, sampleHeader, writeSample } from './testing/sample-run.js'

const root = mkdtempSync(join(tmpdir(), 'pw-record-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let n = 0
const fresh = (): string => join(root, String(n++))
const later = new SimClock(1_700_000_900_000)

describe('a finished record', () => {
  it('reads back as it was written: totals, verdicts, checks, trust, exit', async () => {
    const { writer, aggregate } = await writeSample(fresh())
    const record = await readRecord(writer.dir)
    expect(writer.dir).toMatch(/20231114T221320Z-sample$/)
    expect(record.state).toBe('finished')
    expect(record.missing).toEqual([])
    expect(record.durationNs).toBe(3e9)
    expect(record.run.exit).toEqual({ code: 99, reason: "thresholds on metrics 'http_req_failed' have been crossed" })
    expect(record.run.thresholds.map(({ metric, ok, value }) => [metric, ok, value])).toEqual([
      ['http_req_duration', true, 95],
      ['http_req_failed', false, 0.05],
    ])
    expect(record.checks.checks).toEqual([{ name: 'status is 200', passes: 57, fails: 3 }])
    const duration = record.totals.metrics.find(({ name }) => name === 'http_req_duration')
    expect(duration).toMatchObject({ type: 'trend', unit: 'ms', own: false, count: 60, relativeError: 0 })
    expect(duration?.values['p(99)']).toBe(
      aggregate
        .observed()
        .find(({ name }) => name === 'http_req_duration')
        ?.sink.sketch.quantile(0.99),
    )
    expect(readdirSync(writer.dir).sort()).toEqual(['events.ndjson', 'observed', 'run.json', 'series'])
  })

  it('answers totals and quantiles over any stretch and any tags', async () => {
    const { writer } = await writeSample(fresh(), { seconds: 4, perSecond: 40 })
    const record = await readRecord(writer.dir)
    const [reqs] = await record.totalsOf({ metric: 'http_reqs', fromNs: 1e9, toNs: 3e9 })
    expect(reqs?.sink.sum).toBe(80)
    const byName = await record.totalsOf({ metric: 'http_reqs', by: ['name'] })
    expect(byName.map(({ tags, sink }) => [tags, sink.sum])).toEqual([
      [{ name: '/cart' }, 40],
      [{ name: '/' }, 120],
    ])
    // Second 2 holds 80..119 modulo 97, plus 10.
    expect(await record.quantile('http_req_duration', 1, { fromNs: 2e9, toNs: 3e9 })).toEqual({
      value: 106,
      relativeError: 0,
      count: 40,
    })
    expect(await record.quantile('http_req_duration', 0.5, { tags: { name: '/nowhere' } })).toBeUndefined()
    expect(await record.observed()).toEqual(['injector'])
    expect((await record.totalsOf({}, 'observed/injector')).map(({ metric, sink }) => [metric.name, sink.sum])).toEqual(
      [
        ['cpu_ratio', 0.25],
        ['heap_bytes', 1e7],
      ],
    )
    const { events } = await record.events()
    expect(events.map(({ type }) => type)).toEqual(['phase', 'annotation', 'annotation', 'annotation', 'annotation'])
  })

  it('tells a tap what goes into it as it goes in', async () => {
    const told: unknown[] = []
    const writer = await openRecord(fresh(), sampleHeader, { clock: later })
    writer.tap({
      observed: (part, values, { toNs }) => told.push([part, values, toNs]),
      event: ({ type, detail }) => told.push([type, detail]),
    })
    writer.observe('host', { cpu_ratio: 0.5 }, { fromNs: 0, toNs: 1e9, unixMs: later.unixMs() })
    writer.event('annotation', { text: 'deployed' })
    expect(told).toEqual([
      ['host', { cpu_ratio: 0.5 }, 1e9],
      ['annotation', { text: 'deployed' }],
    ])
    await writer.abandon()
  })

  it('merges trends too large to be kept value by value within the stated error', async () => {
    const { writer, aggregate } = await writeSample(fresh(), { seconds: 3, perSecond: 4000 })
    const record = await readRecord(writer.dir)
    const p99 = await record.quantile('http_req_duration', 0.99)
    const exact = 10 + 96 * 0.99
    expect(Math.abs((p99?.value ?? 0) - exact) / exact).toBeLessThan(0.02)
    expect(p99?.relativeError).toBeGreaterThan(0)
    const total = aggregate.observed().find(({ name }) => name === 'http_req_duration')
    expect(p99?.value).toBe(total?.sink.sketch.quantile(0.99))
    expect(p99?.count).toBe(12_000)
  })

  it('gets a folder of its own when two runs start in one second, and never writes over a record', async () => {
    const runs = fresh()
    const first = await writeSample(runs)
    const second = await writeSample(runs)
    expect(second.writer.dir).toBe(`${first.writer.dir}-2`)
    await expect(openRecord({ dir: first.writer.dir }, sampleHeader)).rejects.toMatchObject({
      code: 'PW_RECORD_EXISTS',
    })
  })
})

describe('a long record', () => {
  it('stands in several files, the full ones compressed, and reads as one', async () => {
    const { writer } = await writeSample(fresh(), { seconds: 12, segmentBytes: 1500 })
    const files = readdirSync(join(writer.dir, 'series'))
    expect(files.length).toBeGreaterThan(3)
    expect(files.filter((name) => name.endsWith('.ndjson'))).toHaveLength(1)
    expect(files.filter((name) => name.endsWith('.ndjson.gz'))).toHaveLength(files.length - 1)
    const record = await readRecord(writer.dir)
    expect(record.missing).toEqual([])
    expect((await record.totalsOf({ metric: 'http_reqs' }))[0]?.sink.sum).toBe(240)
    expect(await record.quantile('http_req_duration', 0, { fromNs: 11e9 })).toMatchObject({ count: 20 })
  })

  it('opens with any of its compressed files cut or damaged, and says which windows are gone', async () => {
    const { writer } = await writeSample(fresh(), { seconds: 6, segmentBytes: 1500 })
    const path = join(writer.dir, 'series/000000.ndjson.gz')
    const bytes = readFileSync(path)
    for (let at = 0; at < bytes.length; at += 5) {
      for (const bad of [
        bytes.subarray(0, at),
        Buffer.concat([bytes.subarray(0, at), Buffer.of(bytes[at]! ^ 0x55), bytes.subarray(at + 1)]),
      ]) {
        writeFileSync(path, bad)
        const record = await readRecord(writer.dir)
        const [reqs] = await record.totalsOf({ metric: 'http_reqs' })
        if (reqs?.sink.sum !== 120) expect(record.missing, `byte ${at}`).not.toEqual([])
        expect(reqs?.sink.sum, `byte ${at}`).toBeGreaterThan(0)
      }
    }
  })
})

describe('a record whose run did not end', () => {
  it('has its totals from the series', async () => {
    const { writer, aggregate } = await writeSample(fresh(), { end: false })
    const record = await readRecord(writer.dir, { clock: later })
    expect(record.state).toBe('killed')
    expect(record.missing.map(({ what }) => what)).toEqual(['verdicts, trust, exit code'])
    expect(record.durationNs).toBe(3e9)
    expect(record.checks.checks).toEqual([{ name: 'status is 200', passes: 57, fails: 3 }])
    const names = record.totals.metrics.map(({ name, count }) => [name, count])
    expect(new Map(names as [string, number][])).toEqual(
      new Map(aggregate.observed().map(({ name, sink }) => [name, sink.count])),
    )
  })

  it('under way is not called damaged for the line that is being written', async () => {
    const { writer } = await writeSample(fresh(), { end: false })
    const path = join(writer.dir, 'series/000000.ndjson')
    truncateSync(path, statSync(path).size - 10)
    const { hostname } = await import('node:os')
    const run = join(writer.dir, 'run.json')
    writeFileSync(run, readFileSync(run, 'utf8').replace('elsewhere.example', hostname()))
    const record = await readRecord(writer.dir, { isAlive: () => true })
    expect([record.state, record.missing]).toEqual(['running', []])
    expect((await readRecord(writer.dir, { isAlive: () => false })).missing.map(({ what }) => what)).toEqual([
      'series: what came after 2.0 s of the run',
      'verdicts, trust, exit code',
    ])
  })

  it('is running while its writer lives, killed when it does not', async () => {
    const { hostname } = await import('node:os')
    const { writer } = await writeSample(fresh(), { end: false, header: { writer: { host: hostname(), pid: 77 } } })
    expect((await readRecord(writer.dir, { isAlive: () => true })).state).toBe('running')
    expect((await readRecord(writer.dir, { isAlive: (pid) => pid !== 77 })).state).toBe('killed')
  })

  it('opens from its series alone when run.json is lost', async () => {
    const { writer } = await writeSample(fresh())
    rmSync(join(writer.dir, 'run.json'))
    const record = await readRecord(writer.dir, { clock: later })
    expect(record.run.name).toBe('sample')
    expect(record.missing[0]?.what).toContain('run.json')
  })
})

describe('a damaged record', () => {
  it('opens at every length that a file of it may be cut to, or says what is wrong', async () => {
    const { writer } = await writeSample(fresh(), { seconds: 2, perSecond: 4 })
    const whole = writer.dir
    for (const file of ['series/000000.ndjson', 'run.json', 'events.ndjson']) {
      const size = statSync(join(whole, file)).size
      const copy = fresh()
      cpSync(whole, copy, { recursive: true })
      for (let length = size - 1; length >= 0; length -= file === 'run.json' ? 17 : 1) {
        truncateSync(join(copy, file), length)
        const record = await readRecord(copy, { clock: later })
        const { missing } = await record.events()
        // A file cut behind a closing brace is whole but for its last newline.
        const harmless =
          (file === 'run.json' && length === size - 1) ||
          (file === 'events.ndjson' && lastByte(join(copy, file)) === '\n')
        if (!harmless && length > 0)
          expect([...record.missing, ...missing], `${file} cut to ${length} bytes`).not.toEqual([])
      }
    }
  })

  it('survives any byte of it being another one', async () => {
    const { writer } = await writeSample(fresh(), { seconds: 2, perSecond: 4 })
    for (const file of ['series/000000.ndjson', 'run.json']) {
      const path = join(writer.dir, file)
      const bytes = readFileSync(path)
      for (let at = 0; at < bytes.length; at += file === 'run.json' ? 17 : 3) {
        const bad = Buffer.from(bytes)
        bad[at] = at % 2 === 0 ? 0x0a : bad[at]! ^ 0x11
        writeFileSync(path, bad)
        try {
          const record = await readRecord(writer.dir, { clock: later })
          if (file !== 'run.json' && !bad.equals(bytes)) expect(record.missing, `byte ${at}`).not.toEqual([])
        } catch (error) {
          expect(error, `byte ${at}`).toBeInstanceOf(PerfwrightError)
          expect((error as PerfwrightError).code).toMatch(/^PW_RECORD_/)
        }
      }
      writeFileSync(path, bytes)
    }
  })

  it('names every problem of run.json by its JSON path, in one error', async () => {
    const { writer } = await writeSample(fresh())
    const path = join(writer.dir, 'run.json')
    const run = JSON.parse(readFileSync(path, 'utf8'))
    run.scenarios[0].sent = -1
    run.trust.verdict = 'perhaps'
    delete run.engine.version
    writeFileSync(path, JSON.stringify(run))
    const error = await readRecord(writer.dir).catch((caught: PerfwrightError) => caught)
    expect(error).toMatchObject({ code: 'PW_RECORD_INVALID', where: path })
    expect((error as PerfwrightError).message).toMatch(
      /\$\.engine\.version: .*\n.*\$\.scenarios\[0\]\.sent: .*\n.*\$\.trust\.verdict: /,
    )
  })

  it('of a newer format is refused by its version', async () => {
    const { writer } = await writeSample(fresh())
    const path = join(writer.dir, 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"formatVersion": 1', '"formatVersion": 7'))
    await expect(readRecord(writer.dir)).rejects.toMatchObject({
      code: 'PW_RECORD_NEWER',
      message: expect.stringContaining('version 7'),
    })
  })

  it('nested without end is refused, not run out of stack', async () => {
    const { writer } = await writeSample(fresh())
    const path = join(writer.dir, 'run.json')
    const run = readFileSync(path, 'utf8')
    const deep = (open: string, close: string): string => open.repeat(100_000) + close.repeat(100_000)
    writeFileSync(path, run.replace('"vus": 2', `"vus": ${deep('[', ']')}`))
    expect((await readRecord(writer.dir, { clock: later })).missing.map(({ what }) => what)).toEqual([
      'run.json: all but what was known at the start',
    ])
    writeFileSync(path, run)
    writeFileSync(join(writer.dir, 'findings.json'), deep('[', ']'))
    writeFileSync(
      join(writer.dir, 'events.ndjson'),
      `{"unixMs":1,"type":"x","detail":${deep('{"a":', '1}').replace('{"a":1}', '{"a":1')}}\n`,
    )
    const record = await readRecord(writer.dir)
    await expect(record.findings()).rejects.toMatchObject({ code: 'PW_RECORD_INVALID' })
    expect((await record.events()).missing).not.toEqual([])
  })

  it('with keys that name prototypes changes none', async () => {
    const { writer } = await writeSample(fresh())
    const path = join(writer.dir, 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"vus": 2', '"__proto__": { "polluted": 1 }, "vus": 2'))
    const record = await readRecord(writer.dir)
    expect((record.run.options as { polluted?: unknown }).polluted).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('follows no link out of its folder and opens no pipe', async () => {
    const { writer } = await writeSample(fresh())
    const secret = join(root, 'secret.ndjson')
    cpSync(join(writer.dir, 'series/000000.ndjson'), secret)
    rmSync(join(writer.dir, 'series/000000.ndjson'))
    symlinkSync(secret, join(writer.dir, 'series/000000.ndjson'))
    const record = await readRecord(writer.dir)
    expect(await record.totalsOf()).toEqual([])
    expect(record.missing.map(({ what }) => what)).toEqual(['series: 3 windows at its end'])
    await expect(record.windows({}, '../../etc').next()).rejects.toThrow(RangeError)
  })

  it('that is not there is said to be not there', async () => {
    await expect(readRecord(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'PW_RECORD_UNREADABLE' })
    mkdirSync(join(root, 'empty'))
    await expect(readRecord(join(root, 'empty'))).rejects.toMatchObject({ code: 'PW_RECORD_UNREADABLE' })
  })
})

describe('a disk that fails', () => {
  it('at its n-th operation, for every n, costs the record a part, never the run', async () => {
    const probe = new FailingDisk(0)
    await writeSample(fresh(), { disk: probe, segmentBytes: 1500 })
    expect(probe.count).toBeGreaterThan(25)
    for (let nth = 1; nth <= probe.count; nth++) {
      for (const allAfter of [false, true]) {
        const disk = new FailingDisk(nth, allAfter)
        const warnings: string[] = []
        const { writer, missing } = await writeSample(fresh(), { disk, warnings, segmentBytes: 1500 })
        const what = `operation ${nth}${allAfter ? ' and all after it' : ''}: ${[...disk.failed][0]}`
        const opened = await readRecord(writer.dir, { clock: later }).catch((error: PerfwrightError) => error)
        // A file that could not be compressed stays as it was: nothing is missing.
        if (!allAfter && /^(gzip|(rename|remove) .*ndjson)/.test([...disk.failed][0] ?? '')) {
          expect(opened, what).toMatchObject({ state: 'finished', missing: [] })
          continue
        }
        expect(warnings, what).toHaveLength(1)
        expect(warnings[0], what).toContain('no space left')
        expect(missing, what).not.toEqual([])
        if (opened instanceof PerfwrightError) expect(opened.code, what).toBe('PW_RECORD_UNREADABLE')
        else expect(opened.missing, what).not.toEqual([])
      }
    }
  })
})

function lastByte(path: string): string {
  return readFileSync(path, 'latin1').slice(-1)
}
