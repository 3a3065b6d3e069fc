import { describe, expect, it } from 'vitest'
import type { Analysis, Finding } from '#record/index.js'
import type { Evidence } from '../evidence.js'
import { factsOf } from '../facts.js'
import { ruleOut } from '../rule-out.js'
import { closedLoop, plainAnalysis, simulate } from '../testing/simulate.js'
import { rules } from './index.js'

async function loud(evidence: Evidence, analysis: Partial<Analysis> = {}): Promise<readonly Finding[]> {
  const facts = factsOf(evidence, plainAnalysis(analysis))
  const findings: Finding[] = []
  for (const rule of rules) findings.push(...(await rule.assess(facts)).findings)
  return ruleOut(findings, facts).findings.filter(({ severity }) => severity !== 'info')
}

async function kinds(evidence: Evidence, analysis: Partial<Analysis> = {}): Promise<string[]> {
  return (await loud(evidence, analysis)).map(({ kind }) => kind)
}

const seconds = 30
const quick = closedLoop({ users: 6, thinkMs: 30, servers: 6, serviceMs: 5, seconds })
const idleTarget = { 'target cpu_cores': 0.2, 'target main_thread_cpu_ratio': 0.2, 'target run_delay_ratio': 0.01 }
const healthyDatabase = { 'postgres connections_active': 0.3, 'postgres waiting_lock': 0 }
const statement = (id: string, sql: string): { type: string; detail: Record<string, unknown> } => ({
  type: 'statement',
  detail: { part: 'postgres', id, sql },
})
const rateOf =
  (latencies: readonly (readonly number[])[], times: number) =>
  (second: number): number =>
    (latencies[second]?.length ?? 0) * times

/** A statement of the database with its calls and what one costs. */
function statementSeries(
  id: string,
  calls: (second: number) => number,
  each: { readonly ms: number; readonly rows: number; readonly blocks: number },
): Record<string, (second: number) => number> {
  return {
    [`postgres statement_calls_per_s{id=${id}}`]: calls,
    [`postgres statement_ms_per_s{id=${id}}`]: (second) => calls(second) * each.ms,
    [`postgres statement_rows_per_s{id=${id}}`]: (second) => calls(second) * each.rows,
    [`postgres statement_blocks_per_s{id=${id}}`]: (second) => calls(second) * each.blocks,
  }
}

describe('a healthy service', () => {
  it('has nothing said against it', async () => {
    const evidence = simulate({
      endpoints: [{ name: 'GET /orders', latencies: quick, bodyBytes: () => 800 }],
      observed: {
        ...idleTarget,
        ...healthyDatabase,
        'target connections_out{peer=127.0.0.1:5432}': 10,
        'node event_loop_lag_max_ms': 12,
        'node event_loop_utilization_ratio': 0.2,
        'node gc_ratio': 0.01,
        ...statementSeries('1', rateOf(quick, 1), { ms: 0.4, rows: 10, blocks: 12 }),
      },
      events: [statement('1', 'select id, total from orders where customer_id = $1 order by id limit $2')],
    })
    expect(await kinds(evidence)).toEqual([])
  })
})

describe('a pool', () => {
  const withPool = (size: number): Evidence =>
    simulate({
      endpoints: [
        {
          name: 'GET /checkout',
          latencies: closedLoop({ users: 16, thinkMs: 10, servers: size, serviceMs: 27, seconds }),
        },
      ],
      observed: { ...idleTarget, ...healthyDatabase, 'target connections_out{peer=127.0.0.1:5432}': size },
    })

  it('that is smaller than the requests in flight is named with its size', async () => {
    const [finding] = await loud(withPool(2))
    expect(finding).toMatchObject({ kind: 'pool-exhausted', where: { resource: 'PostgreSQL connection pool' } })
    expect(finding?.title).toContain('pool (2)')
  })

  it('that is large enough is passed over, also when it is just large enough', async () => {
    expect(await kinds(withPool(20))).toEqual([])
    expect(await kinds(withPool(16))).toEqual([])
  })
})

describe('statements', () => {
  const other = closedLoop({ users: 4, thinkMs: 300, servers: 4, serviceMs: 4, seconds, seed: 7, jitter: 0.5 })
  const orders = closedLoop({ users: 3, thinkMs: 400, servers: 3, serviceMs: 9, seconds, seed: 3, jitter: 0.5 })
  const two = [
    { name: 'GET /orders', latencies: orders, bodyBytes: () => 900 },
    { name: 'GET /products', latencies: other, bodyBytes: () => 900 },
  ]

  it('that run often for each request of one endpoint are N+1, and its endpoint is found by its rate', async () => {
    const evidence = simulate({
      endpoints: two,
      observed: { ...idleTarget, ...statementSeries('1', rateOf(orders, 12), { ms: 0.1, rows: 2, blocks: 4 }) },
      events: [statement('1', 'select * from lines where order_id = $1')],
    })
    expect(await loud(evidence)).toMatchObject([{ kind: 'n-plus-one', where: { endpoint: 'GET /orders' } }])
  })

  it('that a loop calls cost the client CPU, which is no fault of its own until a call costs more than a driver takes', async () => {
    const slow = closedLoop({ users: 6, thinkMs: 0, servers: 1, serviceMs: 8, seconds })
    const busy = (calls: number): Evidence =>
      simulate({
        endpoints: [{ name: 'GET /orders', latencies: slow, bodyBytes: () => 800 }],
        observed: {
          ...healthyDatabase,
          'target cpu_cores': 1,
          'target cores_allowed': 1,
          ...statementSeries('1', rateOf(slow, calls), { ms: 0.02, rows: 1, blocks: 3 }),
        },
        events: [statement('1', 'select name from customers where id = $1')],
      })
    expect(await kinds(busy(30))).toEqual(['n-plus-one'])
    expect((await kinds(busy(6))).toSorted()).toEqual(['app-cpu', 'n-plus-one'])
  })

  it('that run once for each request of every endpoint are not', async () => {
    const evidence = simulate({
      endpoints: two,
      observed: {
        ...idleTarget,
        ...statementSeries('1', (second) => rateOf(orders, 1)(second) + rateOf(other, 1)(second), {
          ms: 0.1,
          rows: 1,
          blocks: 3,
        }),
      },
      events: [statement('1', 'select id from sessions where token = $1')],
    })
    expect(await kinds(evidence)).toEqual([])
  })

  const search = (each: { ms: number; rows: number; blocks: number }, read: number, sql: string): Evidence =>
    simulate({
      endpoints: [{ name: 'GET /customers', latencies: quick, bodyBytes: (i) => 100 + (i % 7) }],
      observed: {
        ...idleTarget,
        ...statementSeries('1', rateOf(quick, 1), each),
        ...(read === 0 ? {} : { 'postgres seq_rows_read_per_s{table=customers}': rateOf(quick, read) }),
      },
      events: [statement('1', sql)],
    })

  it('that read a table to find a few rows miss an index, and the columns are named', async () => {
    const sql = 'select id, name from customers where email = $1'
    const [finding] = await loud(search({ ms: 12, rows: 1, blocks: 900 }, 100_000, sql))
    expect(finding).toMatchObject({ kind: 'missing-index', where: { sql, resource: 'table customers' } })
    expect(finding?.fix).toContain('create index concurrently on customers (email)')
    expect(await kinds(search({ ms: 0.1, rows: 1, blocks: 3 }, 0, sql))).toEqual([])
  })

  it('that page by OFFSET are told when they read what they throw away', async () => {
    const sql = 'select id from customers order by id limit $1 offset $2'
    expect(await loud(search({ ms: 9, rows: 20, blocks: 700 }, 0, sql))).toMatchObject([{ kind: 'offset-pagination' }])
    expect(await kinds(search({ ms: 0.1, rows: 20, blocks: 4 }, 0, sql))).toEqual([])
  })

  it('that are slow by themselves are slow queries, and only those', async () => {
    const sql =
      'select c.city, sum(o.cents) from orders o join customers c on c.id = o.customer_id where o.at > $1 group by 1'
    const evidence = (ms: number): Evidence => {
      const slow = closedLoop({ users: 3, thinkMs: 50, servers: 3, serviceMs: ms + 2, seconds })
      return simulate({
        endpoints: [{ name: 'GET /report', latencies: slow, bodyBytes: (i) => 300 + (i % 9) }],
        observed: {
          ...idleTarget,
          'postgres connections_active': ms > 100 ? 2.4 : 0.1,
          ...statementSeries('1', rateOf(slow, 1), { ms, rows: 20, blocks: 4000 }),
        },
        events: [statement('1', sql)],
      })
    }
    expect(await kinds(evidence(130))).toEqual(['slow-query'])
    expect(await kinds(evidence(5))).toEqual([])
  })

  it('that answer the same to everybody, often and dearly, belong in a cache', async () => {
    const sql = 'select status, count(*) from customers group by status'
    const evidence = (ms: number, perRequest: number): Evidence =>
      simulate({
        endpoints: [{ name: 'GET /totals', latencies: quick, bodyBytes: () => 120 }],
        observed: {
          ...idleTarget,
          ...statementSeries('1', rateOf(quick, perRequest), { ms, rows: 3, blocks: 400 }),
        },
        events: [statement('1', sql)],
      })
    expect(await loud(evidence(4, 1))).toMatchObject([{ kind: 'cacheable-read', confidence: 0.9 }])
    expect(await kinds(evidence(4, 0.005))).toEqual([])
  })

  it('that fetch whole rows for large answers fetch too much; many small ones do not', async () => {
    const evidence = (size: number): Evidence =>
      simulate({
        endpoints: [{ name: 'GET /product', latencies: quick, bodyBytes: (i) => size + (i % 5) }],
        observed: { ...idleTarget, ...statementSeries('1', rateOf(quick, 1), { ms: 0.5, rows: 60, blocks: 40 }) },
        events: [statement('1', 'select * from products where id between $1 and $1 + 59')],
      })
    expect(await kinds(evidence(150_000))).toEqual(['over-fetching'])
    expect(await kinds(evidence(2000))).toEqual([])
  })

  it('that wait for each other are a lock, with table and holder from what was seen', async () => {
    const evidence = (waiting: number): Evidence =>
      simulate({
        endpoints: [
          { name: 'POST /buy', latencies: closedLoop({ users: 8, thinkMs: 10, servers: 1, serviceMs: 26, seconds }) },
        ],
        observed: { ...idleTarget, 'postgres waiting_lock': waiting, 'postgres connections_active': waiting + 1 },
        events: [
          statement('1', 'update stock set units = units - 1 where product_id = $1'),
          {
            type: 'lock-wait',
            detail: {
              part: 'postgres',
              sql: 'update stock set units = 1',
              relation: 'stock',
              ms: 180,
              byState: 'idle in transaction',
              bySql: 'update stock set units = 1',
              lock: 'transactionid',
            },
          },
        ],
      })
    const [finding] = await loud(evidence(6.5))
    expect(finding).toMatchObject({ kind: 'database-lock', where: { resource: 'postgres locks on stock' } })
    expect(finding?.fix).toContain('before the transaction')
    expect((await kinds(evidence(0))).includes('database-lock')).toBe(false)
  })
})

describe('others', () => {
  const pay = (serviceMs: number): Evidence =>
    simulate({
      endpoints: [
        { name: 'POST /pay', latencies: closedLoop({ users: 8, thinkMs: 20, servers: 8, serviceMs, seconds }) },
      ],
      observed: { ...idleTarget, 'target connections_out{peer=127.0.0.1:4444}': 8 },
    })

  it('a service that is slow to answer is named; one that is quick is not', async () => {
    expect(await loud(pay(700))).toMatchObject([{ kind: 'slow-dependency', where: { host: '127.0.0.1:4444' } }])
    expect(await kinds(pay(25))).toEqual([])
  })

  it('a way that delays all alike is the network; endpoints that differ are not', async () => {
    const through = (delayMs: number): Evidence =>
      simulate({
        endpoints: [3, 12].map((serviceMs, i) => ({
          name: `GET /${i}`,
          latencies: closedLoop({ users: 4, thinkMs: 20, servers: 4, serviceMs, seconds, jitter: 0.3 }).map((bin) =>
            bin.map((value) => value + delayMs),
          ),
        })),
        observed: idleTarget,
      })
    expect(await kinds(through(90))).toEqual(['network-latency'])
    expect(await kinds(through(0))).toEqual([])
  })

  it('threads that wait for a lock are counted with the function they wait in', async () => {
    const evidence = (waits: string): Evidence =>
      simulate({
        endpoints: [
          {
            name: 'GET /ledger',
            latencies: closedLoop({ users: 10, thinkMs: 10, servers: 1, serviceMs: 12, seconds }),
          },
        ],
        observed: { ...idleTarget, [`python threads_waiting{function=append (ledger.py:18), waits=${waits}}`]: 8 },
      })
    expect(await loud(evidence('lock'))).toMatchObject([
      { kind: 'lock-contention', where: { function: 'append', file: 'ledger.py', line: 18 } },
    ])
    expect((await kinds(evidence('sleep'))).includes('lock-contention')).toBe(false)
  })

  it('failures are told as a limit or as a burst, by what they are', async () => {
    const failing = (status: string, from: number, to: number): Evidence =>
      simulate({
        endpoints: [
          {
            name: 'GET /quota',
            latencies: quick,
            status,
            failed: (second) => (second >= from && second < to ? 60 : 0),
          },
        ],
        observed: idleTarget,
      })
    expect(await kinds(failing('429', 0, 30))).toEqual(['rate-limited'])
    const [burst] = await loud(failing('500', 10, 13))
    expect(burst).toMatchObject({ kind: 'error-burst', where: { endpoint: 'GET /quota' } })
    expect(burst?.title).toContain('from 10 s to 13 s')
  })

  it('a start that keeps everybody waiting is cold; one slow request each is not', async () => {
    const from = (first: number): Evidence =>
      simulate({
        vus: 6,
        endpoints: [
          {
            name: 'GET /region',
            latencies: quick.map((bin, second) =>
              second < 4 ? [] : second === 4 ? [...Array.from({ length: 6 }, () => first), ...bin] : bin,
            ),
          },
        ],
        observed: idleTarget,
      })
    expect(await kinds(from(4000))).toEqual(['cold-start'])
    expect(await kinds(from(60))).toEqual([])
  })

  it('a saturated injector is said first, and what rests on latency alone is only noted', async () => {
    const evidence = pay(700)
    const run = {
      ...evidence.run,
      trust: { verdict: 'not-trustworthy' as const, reasons: ['The injector was saturated: ...'] },
    }
    expect(await kinds({ ...evidence, run })).toEqual(['injector-saturated'])
  })
})

describe('memory', () => {
  const grown = (lastHeap: number): Evidence =>
    simulate({
      endpoints: [{ name: 'POST /visit', latencies: quick, bodyBytes: () => 100 }],
      observed: {
        ...idleTarget,
        'target rss_bytes': (second) => 1e8 + 8e6 * second,
        'node heap_after_gc_bytes': (second) => (second < seconds - 1 ? 7.4e7 : lastHeap),
      },
    })
  const trend = {
    unit: 'bytes',
    low: 0,
    high: 0,
    p: 1,
    detectablePerH: null,
    exhaustionH: null,
    note: '',
    slopePerH: 0,
  }
  const analysis: Partial<Analysis> = {
    steady: { fromS: 0, toS: seconds - 1 },
    trends: [
      { ...trend, source: 'observed/node heap_after_gc_bytes', verdict: 'steady' },
      {
        ...trend,
        source: 'observed/target rss_bytes',
        verdict: 'grows',
        slopePerH: 2.9e10,
        low: 2.5e10,
        high: 3.3e10,
        p: 1e-9,
      },
    ],
  }

  it('that grows while collections find no more than before is only noted', async () => {
    expect(await kinds(grown(7.5e7), analysis)).toEqual([])
  })

  it('that the collection after the load finds still held is a leak, though none came in between', async () => {
    expect(await kinds(grown(2.9e8), analysis)).toEqual(['memory-leak'])
  })
})
