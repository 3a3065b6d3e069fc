/** Adviser `postgres-activity`: transactions that hold locks or connections while they do nothing, and the pool's size. */
import type { Clock } from '#base/clock.js'
import { ms, number, percent, shortSql } from '#diagnose/finding.js'
import { withoutLiterals } from '#observe/services/sql-text.js'
import type { Change } from '#record/index.js'
import { makeAdvice, notAssessed } from '../advice.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import { openReader } from './examination.js'
import type { Session } from './session.js'

const SAMPLES = 40
const SAMPLE_NS = 75e6
/** Connections on average. */
const FEWEST_WAITING = 0.5
const FEWEST_IDLE = 0.5
const IDLE_SHARE = 0.3
/** Of an application's connections that are held, from which the next request waits. */
const FULL = 0.9

export const postgresActivity: Advisor = {
  name: 'postgres-activity',
  kinds: ['database-lock', 'pool-exhausted'],
  explains:
    `Looks at what connections do, ${SAMPLES} times in three seconds, while the load runs: waits for locks (${FEWEST_WAITING} connections on average) with who holds them; ` +
    `transactions that are open and do nothing (${percent(IDLE_SHARE)} of the time connections are held); connections held by Little's law, against those there are.`,
  async advise(input) {
    const databases = input.databases.filter(({ kind }) => kind === 'postgres')
    const answers = await Promise.all(databases.map((database) => adviseOne(input, database)))
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap((answer) => answer.notAssessed),
    }
  },
}

async function adviseOne(input: AdviseInput, { uri }: DatabaseAt): Promise<AdvisorAnswer> {
  const session = await openReader(uri)
  try {
    input.progress('watching what connections do, for three seconds')
    const seen = await watch(session, input.clock, input.signal)
    if (seen.perS < 1)
      return notAssessed(
        'locks, open transactions and the pool: no load runs on the database now; call advise while one does',
      )
    const advice = [lockAdvice(seen), chattyAdvice(seen), poolAdvice(seen)].filter((one) => one !== undefined)
    const held = seen.active + seen.idle
    const fine = `${number(seen.perS)} transactions a second hold ${number(held)} connections on average, ${ms((held / seen.perS) * 1000)} each; ${number(Math.ceil(held / 0.7))} would do for this load, ${number(seen.connections)} are open`
    return { advice, fine: [fine], notAssessed: [] }
  } finally {
    await session.close()
  }
}

interface Seen {
  /** Transactions that ended. */
  readonly perS: number
  /** Means over the samples. */
  readonly active: number
  readonly idle: number
  readonly waiting: number
  readonly connections: number
  /** Share of samples in which an application's connections were all held, and how many these are. */
  readonly fullShare: number
  readonly pool: { readonly name: string; readonly size: number } | undefined
  readonly worstWait: Wait | undefined
  /** What transactions had run last when they were found idle. */
  readonly idleAfter: string | undefined
}

interface Wait {
  readonly sql: string
  readonly holderSql: string
  readonly holderState: string
  readonly relation: string | null
  readonly ms: number
}

interface Row {
  readonly pid: number
  readonly app: string
  readonly state: string
  readonly waits: boolean
  readonly sql: string
  readonly blockers: number[]
  readonly waited: number | null
  readonly relation: string | null
}

async function watch(session: Session, clock: Clock, signal: AbortSignal): Promise<Seen> {
  const startNs = clock.nowNs()
  const before = await transactions(session)
  const totals = { active: 0, idle: 0, waiting: 0, connections: 0 }
  const pools = new Map<string, { full: number; size: number }>()
  const idleAfter = new Map<string, number>()
  let worst: Wait | undefined
  let samples = 0
  for (; samples < SAMPLES && !signal.aborted; samples++) {
    const rows = await sessionsNow(session)
    const idle = rows.filter(({ state }) => state.startsWith('idle in transaction'))
    totals.active += rows.filter(({ state }) => state === 'active').length
    totals.idle += idle.length
    totals.waiting += rows.filter(({ waits }) => waits).length
    totals.connections += rows.length
    for (const { sql } of idle) idleAfter.set(sql, (idleAfter.get(sql) ?? 0) + 1)
    for (const row of rows) worst = worseOf(worst, row, rows)
    for (const app of new Set(rows.map((row) => row.app))) {
      const own = rows.filter((row) => row.app === app)
      const pool = pools.get(app) ?? { full: 0, size: 0 }
      pools.set(app, pool)
      pool.size = Math.max(pool.size, own.length)
      if (own.every(({ state }) => state !== 'idle')) pool.full++
    }
    await new Promise<void>((resolve) => clock.coarseAt(clock.nowNs() + SAMPLE_NS, resolve))
  }
  const seconds = (clock.nowNs() - startNs) / 1e9
  const ended = (await transactions(session)) - before
  const fullest = [...pools].filter(([, { size }]) => size > 1).sort(([, a], [, b]) => b.full - a.full)[0]
  const mean = (total: number): number => total / Math.max(1, samples)
  return {
    // Our own questions are transactions too.
    perS: Math.max(0, ended - samples - 1) / seconds,
    active: mean(totals.active),
    idle: mean(totals.idle),
    waiting: mean(totals.waiting),
    connections: mean(totals.connections),
    fullShare: fullest === undefined ? 0 : mean(fullest[1].full),
    pool: fullest === undefined ? undefined : { name: fullest[0], size: fullest[1].size },
    worstWait: worst,
    idleAfter: [...idleAfter].sort(([, a], [, b]) => b - a)[0]?.[0],
  }
}

function worseOf(worst: Wait | undefined, row: Row, rows: readonly Row[]): Wait | undefined {
  const waited = row.waited ?? 0
  if (!row.waits || waited <= (worst?.ms ?? 0)) return worst
  // The head of the queue: whoever blocks and waits for nobody.
  const holder = rows.find(({ pid, waits }) => row.blockers.includes(pid) && !waits)
  if (holder === undefined) return worst
  return { sql: row.sql, holderSql: holder.sql, holderState: holder.state, relation: row.relation, ms: waited }
}

async function sessionsNow(session: Session): Promise<Row[]> {
  const rows = await session.query<Row>(
    `select a.pid, coalesce(nullif(a.application_name, ''), a.usename, '') as app, coalesce(a.state, '') as state,
       coalesce(a.wait_event_type = 'Lock', false) as waits, left(a.query, 4000) as sql,
       case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blockers,
       (extract(epoch from clock_timestamp() - a.query_start) * 1000)::float8 as waited,
       (select l.relation::regclass::text from pg_locks l where l.pid = a.pid and l.relation is not null
         and l.locktype = 'tuple' limit 1) as relation
     from pg_stat_activity a where a.datname = current_database() and a.backend_type = 'client backend'
       and a.application_name <> 'perfwright' limit 2000`,
  )
  return rows.map((row) => ({ ...row, sql: withoutLiterals(row.sql) }))
}

async function transactions(session: Session): Promise<number> {
  const [row] = await session.query<{ count: number }>(
    'select (xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = current_database()',
  )
  return row?.count ?? 0
}

function lockAdvice(seen: Seen): Advice | undefined {
  const { waiting, worstWait, perS } = seen
  if (waiting < FEWEST_WAITING || worstWait === undefined) return undefined
  const { sql, holderSql, holderState, relation, ms: waited } = worstWait
  const isIdle = holderState.startsWith('idle')
  const table = relation ?? /\b(?:update|into|from)\s+"?([\w.]+)/i.exec(sql)?.[1] ?? 'the database'
  const holdMs = perS > 0 ? ((seen.active + seen.idle - waiting) / perS) * 1000 : waited
  return makeAdvice({
    advisor: 'postgres-activity',
    kind: 'database-lock',
    severity: waiting > (seen.active + seen.idle) / 2 ? 'critical' : 'warning',
    confidence: 0.95,
    title: `${table}: ${number(waiting)} connections wait for a lock at any time${isIdle ? ', held by transactions that do nothing meanwhile' : ''}`,
    where: { sql, resource: `postgres locks on ${table}` },
    evidence: [
      {
        text: `${number(waiting)} of ${number(seen.active + seen.idle)} busy connections waited for a lock, on average of ${SAMPLES} looks`,
        source: 'pg_stat_activity',
        value: waiting,
        unit: 'connections',
        threshold: FEWEST_WAITING,
      },
      {
        text: `"${shortSql(sql, 80)}" waited ${ms(waited)}; the lock is held by a connection that is ${holderState} after "${shortSql(holderSql, 80)}"`,
        source: 'pg_blocking_pids',
        value: waited,
        unit: 'ms',
      },
    ],
    fix: isIdle
      ? 'Do what is slow (calls to other services, computing, waiting for a client) before the transaction begins or after it ends, and write the contended row as its last statement.'
      : 'Make the transactions that write these rows shorter, write the contended row last, or spread it over several rows that are summed.',
    prove: 'perfwright advise --db DSN --only postgres-activity, while the same load runs',
    share: Math.min(1, waiting / Math.max(1, seen.active + seen.idle)),
    advice: {
      changes: isIdle
        ? [
            {
              form: 'code',
              language: 'sql',
              text: `-- first, outside of any transaction: the call or the computing that the lock waits for\nBEGIN;\n${holderSql.trim() || sql.trim()};\nCOMMIT;`,
            },
          ]
        : [],
      gain: isIdle
        ? {
            metric: 'time for which one transaction holds the lock',
            unit: 'ms',
            before: Math.max(holdMs, 0),
            after: Math.max(0, (Math.max(0, seen.active - waiting) / Math.max(1e-9, perS)) * 1000),
            afterLow: null,
            afterHigh: null,
            basis: 'estimated',
            how: 'by Little’s law: connections that hold and work, over transactions a second; what they idle falls away',
          }
        : null,
      costs: ['what was done outside must be made good when the transaction then fails'],
      verification: { state: 'observed', how: 'connections were watched for three seconds under the load that ran' },
    },
  })
}

function chattyAdvice({ idle, active, waiting, perS, idleAfter }: Seen): Advice | undefined {
  const held = idle + active - waiting
  // Where others wait for its locks, that is the fault to tell of.
  if (waiting >= FEWEST_WAITING || idle < FEWEST_IDLE || idle / Math.max(1e-9, held) < IDLE_SHARE) return undefined
  return makeAdvice({
    advisor: 'postgres-activity',
    kind: 'pool-exhausted',
    severity: 'warning',
    confidence: 0.85,
    title: `Transactions do nothing for ${percent(idle / held)} of the time in which they hold a connection`,
    where: { ...(idleAfter === undefined ? {} : { sql: idleAfter }), resource: 'postgres open transactions' },
    evidence: [
      {
        text: `${number(idle)} of ${number(held)} held connections were idle in a transaction, on average; most often after "${shortSql(idleAfter ?? '', 80)}"`,
        source: 'pg_stat_activity',
        value: idle,
        unit: 'connections',
        threshold: FEWEST_IDLE,
      },
    ],
    fix: 'Take the connection when the statements are ready to be sent, and give it back before anything else is waited for; one round trip with several statements instead of many.',
    prove: 'perfwright advise --db DSN --only postgres-activity, while the same load runs',
    share: idle / held,
    advice: {
      changes: [],
      gain: {
        metric: 'connections held',
        unit: 'connections',
        before: held,
        after: held - idle,
        afterLow: null,
        afterHigh: null,
        basis: 'estimated',
        how: `by Little’s law, ${number(perS)} transactions a second`,
      },
      costs: [],
      verification: { state: 'observed', how: 'connections were watched for three seconds under the load that ran' },
    },
  })
}

/** By Little's law N connections, each held W, carry N / W transactions a second and no more. */
function poolAdvice({ pool, fullShare, active, idle, waiting, perS }: Seen): Advice | undefined {
  if (pool === undefined || fullShare < FULL || waiting >= FEWEST_WAITING) return undefined
  const holdMs = ((active + idle) / perS) * 1000
  const size = Math.ceil(pool.size / 0.7)
  const change: Change = {
    form: 'setting',
    language: 'text',
    text: `connections of the pool: ${size} (now ${pool.size})`,
  }
  const mostlyIdle = idle > active
  return makeAdvice({
    advisor: 'postgres-activity',
    kind: 'pool-exhausted',
    severity: 'warning',
    confidence: 0.75,
    title: `All ${pool.size} connections of ${pool.name} are held in ${percent(fullShare)} of the looks: they carry at most ${number((pool.size / holdMs) * 1000)} transactions a second`,
    where: { resource: `postgres pool of ${pool.name}` },
    evidence: [
      {
        text: `${number(perS)} transactions a second hold a connection for ${ms(holdMs)} each: ${number(active + idle)} at any time, of ${pool.size}`,
        source: 'pg_stat_activity, pg_stat_database',
        value: fullShare,
        unit: 'ratio',
        threshold: FULL,
      },
    ],
    fix: mostlyIdle
      ? 'Hold connections for less time first: most of them wait inside a transaction. Then size the pool.'
      : `Give the pool about ${size} connections, as far as the server has cores for what they run; beyond that they only queue inside it.`,
    prove: 'perfwright advise --db DSN --only postgres-activity, while the same load runs',
    advice: {
      changes: mostlyIdle ? [] : [change],
      gain: null,
      costs: ['each connection takes some 10 MB of the server'],
      verification: { state: 'observed', how: 'connections were watched for three seconds under the load that ran' },
    },
  })
}
