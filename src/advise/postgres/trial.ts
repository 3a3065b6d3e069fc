/** Builds the chosen indexes on a copy and times the statements that they are for, before and after, and what writes pay. */
import { nowMs } from '#base/clock.js'
import { bytes, ms, number, shortSql } from '#diagnose/finding.js'
import type { Gain, Verification } from '#record/index.js'
import { bootstrap, median } from '#stats/index.js'
import type { AdviseInput } from '../types.js'
import { readCatalog } from './catalog.js'
import type { ChosenIndex } from './choose.js'
import { indexName } from './index-text.js'
import { Planner, type Planned } from './planner.js'
import { assertScratch, type Scratch } from './scratch.js'
import { Session } from './session.js'
import { ident } from './sql/print.js'
import { definitionText } from './what-if.js'

/** Statements timed for each index: those with most time. */
const MAX_TIMED = 3
const REPEATS = 9
const MIN_REPEATS = 3
const MAX_STATEMENT_MS = 2500
const PROBE_ROWS = 20_000

export interface Trial {
  readonly gain: Gain
  readonly costs: readonly string[]
  readonly verification: Verification
}

/** Statements whose gain cannot be had from the copy, and indexes that cannot be built there, go to `notAssessed`. */
export async function tryIndexes(
  { signal, progress }: AdviseInput,
  scratch: Scratch,
  chosen: readonly ChosenIndex[],
  notAssessed: string[],
): Promise<Map<ChosenIndex, Trial>> {
  const trials = new Map<ChosenIndex, Trial>()
  await assertScratch(scratch.uri)
  const session = await Session.open(scratch.uri, { statementTimeoutMs: 120_000, isWritable: true })
  try {
    await session.query('set plan_cache_mode = force_custom_plan')
    const planner = new Planner(session, await readCatalog(session))
    for (const one of chosen) {
      signal.throwIfAborted()
      progress(`building ${indexName(one.candidate.definition)} on the copy`)
      const trial = await tryOne(session, planner, one, scratch)
      if (typeof trial === 'string') notAssessed.push(trial)
      else trials.set(one, trial)
    }
  } finally {
    await session.close()
  }
  return trials
}

async function tryOne(
  session: Session,
  planner: Planner,
  { candidate, helped }: ChosenIndex,
  scratch: Scratch,
): Promise<Trial | string> {
  const { definition, table } = candidate
  const timed: { planned: Planned; before: readonly number[] }[] = []
  const name = ident(indexName(definition))
  for (const { statement } of [...helped]
    .sort((a, b) => b.statement.totalMs - a.statement.totalMs)
    .slice(0, MAX_TIMED)) {
    if (!(await planner.readsOnly(statement))) continue
    const planned = await planner.prepare(statement)
    if ('refused' in planned || planned.isGeneric) continue
    timed.push({ planned, before: await timesOf(session, planned) })
  }
  const withoutMs = await writeMs(session, table.sqlName)
  if (definition.method === 'gin') await session.attempt('create extension if not exists pg_trgm')
  const startMs = nowMs()
  const made = await session.attempt(`create index ${name} ${definitionText(definition)}`)
  if ('refused' in made) return `${name} could not be built on the copy: ${made.refused}`
  const buildMs = nowMs() - startMs
  if (definition.keys.some((key) => key.includes('('))) await session.attempt(`analyze ${table.sqlName}`)
  const [size] = await session.query<{ bytes: number }>('select pg_relation_size($1::regclass)::float8 as bytes', [
    name,
  ])
  const withMs = await writeMs(session, table.sqlName)
  const results: Result[] = []
  for (const { planned, before } of timed) results.push(compare(planned, before, await timesOf(session, planned)))
  const [first] = results
  const isBetter = results.some(({ ratioHigh }) => ratioHigh < 0.9)
  if (!isBetter && first !== undefined) await session.attempt(`drop index ${name}`)
  const costs = [
    `${bytes(size?.bytes ?? 0)} on disk and ${ms(buildMs)} to build, measured on ${scratch.how}`,
    withoutMs === undefined || withMs === undefined
      ? 'what writes pay could not be measured: the rows of the table could not be copied'
      : `inserting ${number(PROBE_ROWS)} rows took ${ms(withMs)} instead of ${ms(withoutMs)}, in a table like it`,
    ...results.filter(({ ratioLow }) => ratioLow > 1.1).map(({ text }) => `slower: ${text}`),
  ]
  if (first === undefined) return `${name}: none of its statements could be run on the copy; ${costs[0]}`
  const best = results.reduce((a, b) => (b.ratioHigh < a.ratioHigh ? b : a))
  return {
    gain: {
      metric: `time of ${shortSql(best.planned.statement.sql, 60)}`,
      unit: 'ms',
      before: best.before,
      after: best.after,
      afterLow: best.afterLow,
      afterHigh: best.afterHigh,
      basis: 'measured',
      how: `medians of ${best.count} runs each, values from the column statistics, on ${scratch.how}`,
    },
    costs,
    verification: {
      state: isBetter ? 'verified' : 'refuted',
      how: `built on ${scratch.how}: ${results.map(({ text }) => text).join('; ')}`,
    },
  }
}

interface Result {
  readonly planned: Planned
  readonly count: number
  readonly before: number
  readonly after: number
  readonly afterLow: number
  readonly afterHigh: number
  readonly ratioLow: number
  readonly ratioHigh: number
  readonly text: string
}

function compare(planned: Planned, before: readonly number[], after: readonly number[]): Result {
  const [old, now] = [middle(before), middle(after)]
  const interval = bootstrap(after, middle)
  // Both sides are resampled, each by itself, by the place in a list of pairs.
  const pairs = before.slice(0, after.length).map((ms, i) => [ms, after[i] ?? now] as const)
  const ratio = bootstrap(pairs, (some) => middle(some.map(([, b]) => b)) / middle(some.map(([a]) => a)))
  return {
    planned,
    count: after.length,
    before: old,
    after: now,
    afterLow: interval?.low ?? now,
    afterHigh: interval?.high ?? now,
    ratioLow: ratio?.low ?? now / old,
    ratioHigh: ratio?.high ?? now / old,
    text: `${shortSql(planned.statement.sql, 60)} ${ms(old)} -> ${ms(now)} (95 %: ${ms(interval?.low ?? now)} to ${ms(interval?.high ?? now)})`,
  }
}

/** Of each sample in turn, the first round thrown away: it warms the cache for both sides alike. */
async function timesOf(session: Session, { executes }: Planned): Promise<readonly number[]> {
  const times: number[] = []
  const startMs = nowMs()
  for (const execute of executes) await session.attempt(execute)
  for (let i = 0; i < REPEATS * executes.length; i++) {
    if (i >= MIN_REPEATS && nowMs() - startMs > MAX_STATEMENT_MS) break
    const fromMs = nowMs()
    const rows = await session.attempt(executes[i % executes.length] as string)
    if (!('refused' in rows)) times.push(nowMs() - fromMs)
  }
  return times
}

function middle(values: readonly number[]): number {
  return median(values) ?? 0
}

/** Milliseconds to insert rows of the table into an empty one that is like it, indexes and all; the least of three. */
async function writeMs(session: Session, table: string): Promise<number | undefined> {
  const made = await session.attempt(
    `begin; create temp table perfwright_probe (like ${table} including all) on commit drop`,
  )
  let least: number | undefined
  if (!('refused' in made)) {
    for (let i = 0; i < 3; i++) {
      const startMs = nowMs()
      const rows = await session.attempt(
        `insert into perfwright_probe overriding system value select * from ${table} limit ${PROBE_ROWS}`,
      )
      if ('refused' in rows) break
      least = Math.min(least ?? Number.POSITIVE_INFINITY, nowMs() - startMs)
      await session.attempt('truncate perfwright_probe')
    }
  }
  await session.attempt('rollback')
  return least
}
