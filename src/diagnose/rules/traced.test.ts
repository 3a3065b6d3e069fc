import { describe, expect, it } from 'vitest'
import type { Finding } from '#record/index.js'
import { factsOf } from '../facts.js'
import { ruleOut } from '../rule-out.js'
import { closedLoop, plainAnalysis, simulate } from '../testing/simulate.js'
import { rules } from './index.js'

interface Span {
  readonly name: string
  readonly ms: number
  readonly count?: number
  readonly kind?: string
  readonly peer?: string
  readonly dbStatement?: string
}

const seconds = 30

/** A run whose target sent traces of one endpoint, each made of these spans. */
async function traced(
  spans: readonly Span[],
  options: { readonly traces?: number; readonly detail?: Readonly<Record<string, unknown>> } = {},
): Promise<readonly Finding[]> {
  const wholeMs = spans.reduce((sum, { ms }) => sum + ms, 0)
  const latencies = closedLoop({ users: 6, thinkMs: 30, servers: 6, serviceMs: wholeMs, seconds })
  const detail = {
    endpoint: 'GET /checkout',
    joined: true,
    traces: options.traces ?? 400,
    errors: 0,
    p50Ms: wholeMs,
    p95Ms: wholeMs * 1.3,
    ofSlowest: 20,
    spans: spans.map((span) => ({ service: 'shop', kind: 'client', count: 1, share: span.ms / wholeMs, ...span })),
    ...options.detail,
  }
  const evidence = simulate({
    endpoints: [{ name: 'GET /checkout', latencies }],
    observed: {
      'target cpu_cores': 0.2,
      'target main_thread_cpu_ratio': 0.2,
      'target run_delay_ratio': 0.01,
      'traces spans_per_s{kind=server, name=GET /checkout, service=shop}': 20,
    },
    events: [{ type: 'trace-summary', detail }],
  })
  const facts = factsOf(evidence, plainAnalysis())
  const findings: Finding[] = []
  for (const rule of rules) findings.push(...(await rule.assess(facts)).findings)
  return ruleOut(findings, facts).findings.filter(({ severity }) => severity !== 'info')
}

const own = (ms: number): Span => ({ name: 'GET /checkout', kind: 'server', ms })

describe('traces of a request that waits for another service', () => {
  it('name the service, the endpoint and how much of the request it is', async () => {
    const [finding, ...others] = await traced([own(20), { name: 'POST', peer: 'payments.example:443', ms: 260 }])
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      kind: 'slow-dependency',
      where: { endpoint: 'GET /checkout', host: 'payments.example:443' },
    })
    expect(finding?.share).toBeCloseTo(260 / 280, 2)
    expect(finding?.evidence[0]?.source).toBe('events trace-summary')
  })

  it('are silent on its healthy twins: a quick service, time of its own, a slow one side by side with its own work', async () => {
    expect(await traced([own(20), { name: 'POST', peer: 'payments.example:443', ms: 30 }])).toEqual([])
    expect(await traced([own(300), { name: 'POST', peer: 'payments.example:443', ms: 20 }])).toEqual([])
    expect(await traced([own(400), { name: 'POST', peer: 'payments.example:443', ms: 170 }])).toEqual([])
  })

  it('are not believed while there are few, or when only the slowest few waited', async () => {
    const spans = [own(20), { name: 'POST', peer: 'payments.example:443', ms: 260 }]
    expect(await traced(spans, { traces: 3 })).toEqual([])
    expect(await traced(spans, { detail: { p50Ms: 30 } })).toEqual([])
  })
})

describe('traces of a loop of calls', () => {
  const sql = 'select * from items where id = ?'

  it('name the statement and how often it runs in a request', async () => {
    const findings = await traced([own(20), { name: 'select', dbStatement: sql, ms: 40, count: 31 }])
    expect(findings.map(({ kind, where }) => [kind, where.endpoint, where.sql])).toEqual([
      ['n-plus-one', 'GET /checkout', sql],
    ])
    expect(findings[0]?.evidence[0]).toMatchObject({ value: 31, unit: 'calls/request' })
  })

  it('name a service that is called once for each', async () => {
    const [finding] = await traced([own(20), { name: 'GET /price', peer: 'prices:8080', ms: 60, count: 12 }])
    expect(finding).toMatchObject({ kind: 'n-plus-one', where: { resource: 'GET /price of prices:8080' } })
  })

  it('are silent where one statement asks for all, and on the transaction around it', async () => {
    const one = { name: 'select', dbStatement: 'select * from items where id = any(?)', ms: 6 }
    expect(await traced([own(20), one, { name: 'BEGIN', dbStatement: 'begin', ms: 3, count: 6 }])).toEqual([])
  })
})

describe('traces of a slow statement', () => {
  it('name it and its endpoint', async () => {
    const dbStatement = 'select sum(total) from orders group by customer'
    const findings = await traced([own(20), { name: 'select', dbStatement, ms: 180 }])
    expect(findings.map(({ kind, where }) => [kind, where.sql])).toEqual([['slow-query', dbStatement]])
  })

  it('are silent on a quick one', async () => {
    expect(await traced([own(60), { name: 'select', dbStatement: 'select 1', ms: 2 }])).toEqual([])
  })
})

describe('a summary that is none', () => {
  it('is passed over, whatever stands in it', async () => {
    const bad = [
      { spans: 'x' },
      { spans: [null, 7, { ms: 'NaN' }, { ms: 1e300, share: -1, count: 1 }] },
      { traces: '400' },
    ]
    for (const detail of bad) expect(await traced([own(20)], { detail })).toEqual([])
    const evil = [own(20), { name: '\u001b[2J\u202e', peer: '<script>', ms: 260 }]
    const [finding] = await traced(evil)
    expect(finding?.evidence[0]?.text).not.toMatch(/[\u001b\u202e]/)
  })
})
