/** The plans of a run are kept in its record, and held against those of the last run of the same test. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { clean, number, shortSql } from '#diagnose/finding.js'
import { makeAdvice } from '../advice.js'
import type { Advice, AdviseInput, AdvisorAnswer } from '../types.js'
import type { Examination } from './examination.js'
import { planShape } from './plan.js'
import type { Planner } from './planner.js'

const FILE = 'plans.json'
const MAX_KEPT = 100
const MAX_BYTES = 2e6
/** Plans of other shape with about the same cost are another way of saying the same. */
const WORSE = 1.5
/** Records that are looked through for one with plans. */
const MAX_RECORDS = 50

interface KeptPlan {
  /** Of the statement's text: ids differ between servers. */
  readonly sql: string
  readonly shape: string
  readonly cost: number
  readonly msPerCall: number
}

interface KeptPlans {
  readonly version: 1
  readonly script: string
  readonly plans: readonly KeptPlan[]
}

export async function comparePlans(
  input: AdviseInput,
  examination: Examination,
  planner: Planner,
): Promise<AdvisorAnswer> {
  const { record } = input
  if (record === undefined) return { advice: [], fine: [], notAssessed: [] }
  const plans: KeptPlan[] = []
  for (const statement of examination.workload.statements.slice(0, MAX_KEPT)) {
    const planned = await planner.prepare(statement)
    if ('refused' in planned) continue
    const [plan] = await planner.plans(planned)
    if (plan === undefined) continue
    const { msPerCall } = statement
    plans.push({
      sql: statement.sql.replace(/\s+/g, ' '),
      shape: planShape(plan.root),
      cost: plan.root.totalCost,
      msPerCall,
    })
  }
  const script = record.run.script.path
  await keep(record.dir, { version: 1, script, plans })
  const before = await lastOf(record.dir, script)
  if (before === undefined)
    return { advice: [], fine: [], notAssessed: ['plans that changed: no earlier run of this test has its plans kept'] }
  const advice = plans.flatMap((now) => regressionOf(now, before.plans.plans, before.name))
  const fine = `the plans of ${number(plans.length)} statements were held against those of ${before.name}`
  return { advice, fine: [fine], notAssessed: [] }
}

function regressionOf(now: KeptPlan, olds: readonly KeptPlan[], name: string): Advice[] {
  const old = olds.find(({ sql }) => sql === now.sql)
  if (old === undefined || old.shape === now.shape) return []
  if (now.cost < old.cost * WORSE || now.msPerCall < old.msPerCall * WORSE) return []
  const lost = [...indexesIn(old.shape)].filter((index) => !indexesIn(now.shape).has(index))
  return [
    makeAdvice({
      advisor: 'postgres-plans',
      kind: 'plan-regression',
      severity: 'critical',
      confidence: 0.9,
      title: `${shortSql(now.sql, 70)}: another plan than in ${name}, ${number(now.msPerCall / Math.max(1e-9, old.msPerCall))} times as slow`,
      where: { sql: now.sql.slice(0, 4000), resource: 'postgres plan' },
      evidence: [
        { text: `then ${old.shape}`, source: `${name}/${FILE}`, value: old.msPerCall, unit: 'ms' },
        { text: `now ${now.shape}`, source: FILE, value: now.msPerCall, unit: 'ms', threshold: old.msPerCall * WORSE },
      ],
      fix:
        lost.length > 0
          ? `The plan lost ${lost.join(', ')}: see whether the index is gone or invalid, else analyze the table.`
          : 'The data or its statistics changed: analyze the tables, and see what postgres-indexes says of the statement.',
      prove: 'perfwright advise --record latest --db DSN --only postgres-plans',
      advice: {
        changes: [],
        gain: {
          metric: `time of ${shortSql(now.sql, 60)}`,
          unit: 'ms',
          before: now.msPerCall,
          after: old.msPerCall,
          afterLow: null,
          afterHigh: null,
          basis: 'measured',
          how: `the statement's own time in ${name}`,
        },
        costs: [],
        verification: { state: 'observed', how: 'the plans of both runs' },
      },
    }),
  ]
}

function indexesIn(shape: string): Set<string> {
  return new Set([...shape.matchAll(/ by ([^\s(),]+)/g)].map(([, name]) => name ?? ''))
}

async function keep(dir: string, plans: KeptPlans): Promise<void> {
  const partial = join(dir, `${FILE}.${process.pid}`)
  await writeFile(partial, JSON.stringify(plans))
  await rename(partial, join(dir, FILE))
}

/** The newest record before this one, beside it, of the same script and with plans. */
async function lastOf(
  dir: string,
  script: string,
): Promise<{ readonly name: string; readonly plans: KeptPlans } | undefined> {
  const names = (await readdir(dirname(dir)).catch(() => [])).sort()
  const own = dir.slice(dirname(dir).length + 1)
  const earlier = names.slice(0, Math.max(0, names.indexOf(own))).reverse()
  for (const name of earlier.slice(0, MAX_RECORDS)) {
    const plans = await readPlans(join(dirname(dir), name, FILE))
    if (plans?.script === script) return { name: clean(name), plans }
  }
  return undefined
}

async function readPlans(file: string): Promise<KeptPlans | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > MAX_BYTES) return undefined
    const kept = JSON.parse(text) as KeptPlans
    const isSound =
      kept.version === 1 &&
      Array.isArray(kept.plans) &&
      kept.plans.every(
        (one) =>
          typeof one.sql === 'string' &&
          typeof one.shape === 'string' &&
          typeof one.cost === 'number' &&
          typeof one.msPerCall === 'number',
      )
    return isSound ? kept : undefined
  } catch {
    return undefined
  }
}
