import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { systemClock } from '#base/clock.js'
import { afterAll, describe, expect, it } from 'vitest'
import type { Metric } from '#metrics/types.js'
import { csvField, fixed6, jsonString, rfc3339Nano } from './go-text.js'
import { ConsoleFile, createOutputs, type OutputContext, type OutputSet } from './index.js'

// Times are written in local time; the fixtures were made in UTC.
process.env['TZ'] = 'UTC'
const root = mkdtempSync(join(tmpdir(), 'pw-output-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

// What k6 2.2 wrote of one run, its times cut to the milliseconds that our wall clock has.
const k6Json = readFileSync(new URL('./testing/k6.ndjson', import.meta.url), 'utf8')
const k6Csv = readFileSync(new URL('./testing/k6.csv', import.meta.url), 'utf8')

const systemTags =
  'proto,subproto,status,method,url,name,group,check,error,error_code,tls_version,scenario,service,expected_response'.split(
    ',',
  )
const spec = (threshold: string, rest = {}) => ({
  threshold,
  abortOnFail: false,
  delayAbortEvalNs: 0,
  excludeFirstNs: 0,
  windowNs: undefined,
  ...rest,
})
const thresholds = {
  http_req_duration: [spec('p(95)<500'), spec('max<1e6', { abortOnFail: true, delayAbortEvalNs: 10e9 })],
  'http_req_duration{status:200}': [spec('avg<1000')],
}

function context(extra: Partial<OutputContext> = {}): OutputContext & { readonly warnings: string[] } {
  const warnings: string[] = []
  return {
    options: { thresholds, systemTags, noThresholds: false, tags: {} },
    env: {},
    features: [],
    clock: systemClock,
    version: '1.2.3',
    cwd: root,
    stdout: new PassThrough(),
    warn: (message) => warnings.push(message),
    ...extra,
    warnings,
  }
}

/** Sends the samples of the k6 run, with numbers for metrics and tags as a worker has them. */
function replay(set: OutputSet, times = 1): number {
  const metrics = new Map<string, Metric>()
  const tagSets = new Map<string, { id: number; entries: [string, string][] }>()
  const samples = []
  for (const line of k6Json.trim().split('\n')) {
    const { type, metric, data } = JSON.parse(line)
    if (type === 'Metric')
      metrics.set(metric, { id: metrics.size, name: metric, type: data.type, contains: data.contains, own: false })
    else {
      const key = JSON.stringify(data.tags)
      if (!tagSets.has(key)) tagSets.set(key, { id: tagSets.size, entries: Object.entries(data.tags) })
      samples.push({
        metric: metrics.get(metric)?.id ?? -1,
        tags: tagSets.get(key)?.id ?? -1,
        value: data.value,
        unixMs: Date.parse(data.time),
        metadata: data.metadata,
      })
    }
  }
  // Half of them come before their definitions, as they do when the window is sent after them.
  const half = samples.length >> 1
  set.samples(samples.slice(0, half))
  set.define({ metrics: [...metrics.values()], tagSets: [...tagSets.values()] })
  set.samples(samples.slice(half))
  for (let i = 1; i < times; i++) set.samples(samples)
  return samples.length * times
}

describe('json', () => {
  it('is byte for byte what k6 writes of the same samples', async () => {
    const set = await createOutputs(['json=a.json', 'json=a.json.gz'], context())
    expect(set.descriptions).toEqual(['json (a.json)', 'json (a.json.gz)'])
    await set.start()
    replay(set)
    expect(await set.stop()).toEqual([])
    expect(readFileSync(join(root, 'a.json'), 'utf8')).toBe(k6Json)
    expect(gunzipSync(readFileSync(join(root, 'a.json.gz'))).toString()).toBe(k6Json)
  })

  it('goes to standard output without a file', async () => {
    const stdout = new PassThrough()
    for (const name of ['json', 'json=-']) {
      const set = await createOutputs([name], context({ stdout }))
      await set.start()
      replay(set)
      await set.stop()
      expect(stdout.read().toString()).toBe(k6Json)
    }
  })

  it('leaves out what only perfwright measures', async () => {
    const set = await createOutputs(['json=own.json'], context())
    await set.start()
    set.define({
      metrics: [{ id: 0, name: 'iteration_start_lag', type: 'trend', contains: 'time', own: true }],
      tagSets: [{ id: 0, entries: [] }],
    })
    set.samples([{ metric: 0, tags: 0, value: 1, unixMs: 0, metadata: undefined }])
    await set.stop()
    expect(readFileSync(join(root, 'own.json'), 'utf8')).toBe('')
  })
})

describe('csv', () => {
  it('is byte for byte what k6 writes of the same samples', async () => {
    const set = await createOutputs(['csv=fileName=a.csv,timeFormat=unix_milli'], context())
    expect(set.descriptions).toEqual(['csv (a.csv)'])
    await set.start()
    replay(set)
    expect(await set.stop()).toEqual([])
    expect(readFileSync(join(root, 'a.csv'), 'utf8')).toBe(k6Csv)
  })

  it('takes its configuration from the environment, and the argument over it', async () => {
    const set = await createOutputs(
      ['csv', 'csv=other.csv'],
      context({ env: { K6_CSV_FILENAME: 'env.csv', K6_CSV_TIME_FORMAT: 'rfc3339_nano' } }),
    )
    expect(set.descriptions).toEqual(['csv (env.csv)', 'csv (other.csv)'])
    await set.start()
    replay(set)
    await set.stop()
    expect(readFileSync(join(root, 'env.csv'), 'utf8')).toMatch(
      /\nhttp_reqs,\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+),1\.000000,/,
    )
  })

  it('has no column for a system tag that is off, and no other place for it', async () => {
    const set = await createOutputs(
      ['csv=few.csv'],
      context({ options: { thresholds: {}, systemTags: ['status', 'iter'], noThresholds: false, tags: {} } }),
    )
    await set.start()
    replay(set)
    await set.stop()
    const [head, first] = readFileSync(join(root, 'few.csv'), 'utf8').split('\n')
    expect(head).toBe('metric_name,timestamp,metric_value,status,extra_tags,metadata')
    expect(first).not.toContain('url=')
  })
})

describe('what cannot be had', () => {
  it.each([
    [['nope=3'], expect.stringMatching(/^invalid output type 'nope', available types are: csv, .*, influxdb, json, /)],
    [['__proto__'], expect.stringContaining("invalid output type '__proto__', available types are: csv, ")],
    [['csv=fileName=x,foo=1'], `could not create the 'csv' output: unknown key "foo" as argument for csv output`],
    [
      ['csv=q.csv,timeFormat=unix'],
      `could not create the 'csv' output: couldn't parse "q.csv,timeFormat=unix" as argument for csv output`,
    ],
    [['csv=timeFormat=bad'], "could not create the 'csv' output: bad does not belong to TimeFormat values"],
    [['csv=/no/such/x.csv'], "could not create the 'csv' output: open /no/such/x.csv: no such file or directory"],
  ])('%s is refused in the words of k6, exit code 255', async (specs, message) => {
    const failure = await Promise.resolve()
      .then(async () => (await createOutputs(specs, context())).start())
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ message, exitCode: 255 })
  })
})

describe('an output that cannot start', () => {
  it('ends those that have, without a word about them', async () => {
    const ctx = context()
    const set = await createOutputs(
      ['json=first.json', 'prometheus-scrape=127.0.0.1:0,linger=1h', 'csv=/no/such/x.csv'],
      ctx,
    )
    await expect(set.start()).rejects.toMatchObject({ code: 'PW_OUTPUT_CREATE' })
    expect(ctx.warnings.filter((line) => !line.includes('listens on'))).toEqual([])
  })
})

describe('a disk in trouble', () => {
  it.each(['json', 'csv'])('that is full costs the %s output its samples, counted, with one warning', async (name) => {
    for (const file of ['/dev/full']) {
      const ctx = context()
      const set = await createOutputs([`${name}=${file}`], ctx)
      await set.start()
      const sent = replay(set, 3)
      await new Promise((resolve) => setImmediate(resolve))
      const [loss] = await set.stop()
      expect(loss).toMatchObject({ output: `${name} (/dev/full)`, samples: sent, why: 'no space left on device' })
      expect(ctx.warnings).toHaveLength(1)
      expect(ctx.warnings[0]).toContain('no space left')
    }
  })

  it('fails behind a gzip without a hang', async () => {
    const ctx = context({
      openFile: async () =>
        new Writable({
          write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
        }),
    })
    const set = await createOutputs(['json=a.json.gz'], ctx)
    await set.start()
    replay(set, 500)
    const [loss] = await set.stop()
    expect(loss?.why).toBe('no space left on device')
    expect(ctx.warnings).toHaveLength(1)
  })

  it('that stands still never holds up who measures, and what it cannot take is counted', async () => {
    let release: () => void = () => {}
    let bytes = 0
    const stuck = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        bytes += chunk.length
        release = done
      },
    })
    const { Sink } = await import('./sink.js')
    const ctx = context({ openFile: async () => stuck })
    const sink = new Sink({ output: 'json', description: 'json (x)', path: 'x', maxWaiting: 1000 }, ctx)
    await sink.open()
    sink.write('first\n', 1)
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 500; i++) sink.write('0123456789\n', 1)
    expect(bytes).toBe(6)
    expect(ctx.warnings).toHaveLength(1)
    const closing = sink.close(10e9)
    release()
    await new Promise((resolve) => setImmediate(resolve))
    release()
    expect(await closing).toEqual({
      output: 'json (x)',
      samples: 500 - 90,
      why: 'it could not be written as fast as the run measures',
    })
    expect(bytes).toBe(6 + 990)
  })
})

describe('console output', () => {
  it('is added to the end of the file', async () => {
    const path = join(root, 'console.txt')
    for (const line of ['one\n', 'two\n']) {
      const file = await ConsoleFile.open('console.txt', root, () => {})
      file.write(line)
      await file.close()
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    await expect(ConsoleFile.open('/no/such/file', root, () => {})).rejects.toMatchObject({
      message: 'open /no/such/file: no such file or directory',
      exitCode: 255,
    })
  })
})

describe("Go's text", () => {
  it('rounds %f to the even digit on a tie', () => {
    // The right side is what Go prints.
    expect([1 / 128, 3 / 128, -1 / 128, 0.1 + 0.2, 1e-7, 0, 1e21, 5 / 128].map(fixed6)).toEqual([
      '0.007812',
      '0.023438',
      '-0.007812',
      '0.300000',
      '0.000000',
      '0.000000',
      '1000000000000000000000.000000',
      '0.039062',
    ])
  })

  it('writes times without trailing zeros', () => {
    expect(new Date(rfc3339Nano(1_700_000_000_120)).getTime()).toBe(1_700_000_000_120)
    expect(rfc3339Nano(1_700_000_000_120)).toMatch(/:20\.12(Z|[+-]\d\d:\d\d)$/)
    expect(rfc3339Nano(1_700_000_000_000)).toMatch(/:20(Z|[+-]\d\d:\d\d)$/)
  })

  it('escapes and quotes as Go does', () => {
    expect(jsonString('<&>"\\b\b\f\n\u2028\ud800')).toBe('"<&>\\"\\\\b\\u0008\\u000c\\n\\u2028\ufffd"')
    expect([' a', '\\.', 'a b', 'a"b', ''].map(csvField)).toEqual(['" a"', '"\\."', 'a b', '"a""b"', ''])
  })
})
