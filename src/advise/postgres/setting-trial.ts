/** Tries a setting in a session of our own, which changes nothing for anybody else, on a statement that only reads. */
import { ms, shortSql } from '#diagnose/finding.js'
import type { Gain } from '#record/index.js'
import { bootstrap, median } from '#stats/index.js'
import { type Plan, planOf } from './plan.js'
import type { Planned } from './planner.js'
import type { Session } from './session.js'
import { literal } from './sql/print.js'

const REPEATS = 5
/** Of all repeats of both sides; below three each, the numbers are told and nothing is called proven. */
const MAX_TOTAL_MS = 6000
const MIN_REPEATS = 3

export interface SettingTrial {
  readonly value: string
  readonly gain: Gain
  /** `unclear`: too slow to be run often enough. */
  readonly verdict: 'verified' | 'refuted' | 'unclear'
}

/**
 * The first of the values with which a plan is as wanted, timed in turn with the setting as it is. The caller made sure
 * that the statement only reads (it has a plan with real rows).
 */
export async function trySetting(
  session: Session,
  planned: Planned,
  name: 'work_mem' | 'jit',
  values: readonly string[],
  isWanted: (plan: Plan) => boolean,
): Promise<SettingTrial | undefined> {
  const [execute] = planned.executes
  if (execute === undefined || planned.isGeneric || !planned.statement.shape.isReading) return undefined
  const [now] = await session.query<{ value: string }>(`select current_setting($1) as value`, [name])
  const old = now?.value ?? ''
  try {
    const value = await firstWanted(session, execute, name, values, isWanted)
    if (value === undefined) return undefined
    const before: number[] = []
    const after: number[] = []
    for (let i = 0; i < REPEATS; i++) {
      if (sum(before) + sum(after) > MAX_TOTAL_MS) break
      for (const [setting, times] of [
        [old, before],
        [value, after],
      ] as const) {
        const plan = await run(session, execute, name, setting)
        if (plan?.executionMs !== undefined) times.push(plan.executionMs)
      }
    }
    const [slow, fast] = [median(before) ?? 0, median(after) ?? 0]
    const interval = bootstrap(after, (some) => median(some))
    const high = interval?.high ?? fast
    return {
      value,
      verdict: after.length < MIN_REPEATS ? 'unclear' : high < slow * 0.95 ? 'verified' : 'refuted',
      gain: {
        metric: `time of ${shortSql(planned.statement.sql, 60)}`,
        unit: 'ms',
        before: slow,
        after: fast,
        afterLow: interval?.low ?? fast,
        afterHigh: high,
        basis: 'measured',
        how: `${after.length} runs with ${name} = ${value} in turn with ${before.length} as it is (${old}), read-only, on the database itself: ${ms(slow)} and ${ms(fast)}`,
      },
    }
  } finally {
    await session.attempt(`set ${name} = ${literal(old)}`)
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function firstWanted(
  session: Session,
  execute: string,
  name: string,
  values: readonly string[],
  isWanted: (plan: Plan) => boolean,
): Promise<string | undefined> {
  for (const value of values) {
    const plan = await run(session, execute, name, value)
    if (plan === undefined) return undefined
    if (isWanted(plan)) return value
  }
  return undefined
}

async function run(session: Session, execute: string, name: string, value: string): Promise<Plan | undefined> {
  await session.query(`set ${name} = ${literal(value)}`)
  const rows = await session.attempt<{ 'QUERY PLAN': unknown }>(
    `explain (analyze, buffers, timing off, format json) ${execute}`,
  )
  return 'refused' in rows ? undefined : planOf(rows[0]?.['QUERY PLAN'])
}
