import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parquetReadObjects } from 'hyparquet'
import {
  type Analysis,
  type Finding,
  findingKinds,
  readRecord,
  type RunRecord,
  writeFindings,
  nodeDisk,
} from '#record/index.js'
import { writeSample } from '#record/testing/sample-run.js'
import { executiveOf } from '../executive.js'
import { renderReport } from '../index.js'
import { buildReport } from '../report-model.js'
import { amount } from '../words/amounts.js'
import { languageNames, wordsOf } from '../words/index.js'
import { collectPage } from './collect.js'
import { renderReportPage } from './render.js'

const root = mkdtempSync(join(tmpdir(), 'pw-page-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const hostile = `</script><img src=x onerror="window.pwned=1">\u202e{{7*7}}`

const analysis: Analysis = {
  analysisVersion: 1,
  testType: 'stress',
  stages: [{ fromS: 0, toS: 3, scenario: 'default', kind: 'step', target: 10, unit: 'VUs' }],
  steady: null,
  warmupS: null,
  answer: { question: 'q', verdict: 'no', because: [] },
  objectives: [
    {
      name: 'p95 of all',
      endpoint: null,
      metric: 'http_req_duration',
      target: 'p(95)<200',
      value: 320,
      unit: 'ms',
      low: 300,
      high: 340,
      count: 100,
      verdict: 'missed',
    },
    {
      name: 'errors',
      endpoint: null,
      metric: 'http_req_failed',
      target: 'rate<0.001',
      value: null,
      unit: '1',
      low: null,
      high: null,
      count: 0,
      verdict: 'unsure',
    },
  ],
  badWindows: [],
  capacity: {
    points: [
      { load: 10, throughputPerS: 100, p95Ms: 20, errorRatio: 0 },
      { load: 20, throughputPerS: 150, p95Ms: 60, errorRatio: 0 },
    ],
    loadUnit: 'VUs',
    knee: 'reached',
    at: 15,
    low: 12,
    high: 18,
    throughputPerS: 140,
    usl: { lambda: 10, sigma: 0.02, kappa: 0.0004, peakLoad: 49, r2: 0.99 },
    saturatedFirst: 'postgres connections',
    failureMode: 'latency',
    littlesLawRatio: 1,
    note: '',
  },
  trends: [],
  recovery: null,
  errors: [
    {
      cause: hostile,
      count: 3,
      share: 1,
      endpoints: [hostile],
      firstS: 1,
      lastS: 2,
      example: { request: hostile, response: hostile },
    },
  ],
  checkpoints: [
    { id: 'injector', verdict: 'ok', text: hostile, details: [hostile] },
    { id: 'test-data', verdict: 'failed', text: 'few', details: [] },
  ],
  caveats: [hostile],
}

const finding: Finding = {
  id: 'pool-exhausted:1',
  kind: 'pool-exhausted',
  severity: 'critical',
  confidence: 0.9,
  title: `GET ${hostile} waits for a connection`,
  where: { endpoint: hostile, sql: hostile },
  evidence: [{ text: hostile, source: 'observed/target connections_out' }],
  fix: 'Make the pool larger.',
  prove: 'perfwright run x.js',
  rule: 'diagnose/pool-exhausted',
  share: 0.8,
}

async function sample(): Promise<RunRecord> {
  const { writer } = await writeSample(mkdtempSync(join(root, 'r')))
  await writeFindings(nodeDisk, writer.dir, { findings: [finding], analysis })
  return await readRecord(writer.dir)
}

async function whole(record: RunRecord, format: string, language = 'en'): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of renderReport(record, format, { series: false, language })) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

describe('the page', () => {
  it('holds its data so that no name of the target can leave it', async () => {
    const page = renderReportPage(await collectPage(await sample(), 'en', wordsOf('en')), 'app()')
    expect(page).not.toContain('<img')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    const json = /<script id="data" type="application\/json">(.*)<\/script>/.exec(page)?.[1] ?? ''
    expect(JSON.parse(json).errors[0].cause).toBe(hostile)
  })

  it('fetches nothing: its policy allows no source at all', async () => {
    const page = renderReportPage(await collectPage(await sample(), 'en', wordsOf('en')), '')
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
  })

  it('has a course for each endpoint and for the load, with gaps where nothing was measured', async () => {
    const data = await collectPage(await sample(), 'en', wordsOf('en'))
    expect(data.load.requestsPerS).toHaveLength(data.times.length)
    expect(data.endpoints.length).toBeGreaterThan(0)
    expect(data.heat?.most).toBeGreaterThan(0)
    expect(data.percentiles.service.length).toBeGreaterThan(3)
  })
})

describe('the executive summary', () => {
  it('answers the goal first, then says cause, capacity and next step, each with the fields it stands on', async () => {
    const { answer, capacity, next, verdict, numbers } = executiveOf(await buildReport(await sample()), wordsOf('en'))
    expect(verdict).toBe('no')
    expect(answer[0]?.text).toBe('How much can it take, and how does it fail? No.')
    expect(answer.map(({ text }) => text).join(' ')).toContain('Main cause (80%): GET')
    expect(capacity[0]?.text).toBe(
      'Capacity: 140/s at 15 VUs (between 12 and 18); beyond that it gets slower, not faster.',
    )
    expect(next.text).toBe('Next: Make the pool larger.')
    expect(numbers[0]).toMatchObject({ state: 'missed', interval: '300 ms – 340 ms' })
    for (const { from } of [...answer, ...capacity, next]) expect(from.length).toBeGreaterThan(0)
  })

  it('is Turkish where Turkish is asked for, findings included', async () => {
    const { answer, next } = executiveOf(await buildReport(await sample()), wordsOf('tr'))
    expect(answer[0]?.text).toBe('Ne kadar yük kaldırıyor ve nasıl çöküyor? Hayır.')
    expect(answer.map(({ text }) => text).join(' ')).toContain('Bağlantı havuzu tükendi')
    expect(next.text).toContain('Havuzu eşzamanlı isteklere göre büyütün')
  })

  it('has words for every finding in every language but the one that rules write', () => {
    for (const name of languageNames.filter((one) => one !== 'en'))
      expect(Object.keys(wordsOf(name).finding ?? {}).sort()).toEqual([...findingKinds].sort())
  })

  it('refuses a language that it does not have', () => {
    expect(() => wordsOf('xx')).toThrow('There are no reports in "xx".')
  })
})

it.each([
  [12_345.6, 'ms', 'en-US', '12.3 s'],
  [0.00123, 'ratio', 'en-US', '0.12%'],
  [1234.5, 'ms', 'tr-TR', '1.235 ms'],
  [Number.NaN, 'ms', 'en-US', '-'],
  [null, 'count', 'en-US', '-'],
] as const)('the amount %s %s in %s is %s', (value, unit, locale, text) => {
  expect(amount(value, unit, locale)).toBe(text)
})

describe('other formats', () => {
  it('JUnit: what is missed fails, what cannot be told is skipped, and hostile names stay text', async () => {
    const xml = (await whole(await sample(), 'junit')).toString()
    expect(xml).toMatch(/name="p95 of all p\(95\)&#60;200"><failure message="measured 320 ms/)
    expect(xml).toMatch(/name="errors rate&#60;0.001"><skipped/)
    expect(xml).toContain('classname="perfwright.checkpoints" name="test-data"><failure message="few"/>')
    expect(xml).not.toContain('<img')
  })

  it('Parquet: the rows of the csv', async () => {
    const bytes = await whole(await sample(), 'parquet')
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    })
    const requests = rows.find((row) => row['metric'] === 'http_reqs' && row['scope'] === 'total')
    expect(Number(requests?.['count'])).toBeGreaterThan(0)
  })

  it('Markdown begins with the summary and names the findings', async () => {
    const text = (await whole(await sample(), 'md', 'tr')).toString()
    expect(text).toContain('## Yönetici özeti')
    expect(text).not.toContain('<img')
  })
})
