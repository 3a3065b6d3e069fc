/** Adviser `postgres-plans`: slow statements by what their plans really do, and plans that changed since the last run. */
import { bytes, ms, number, percent, shortSql } from '#diagnose/finding.js'
import type { AdviceDetails, Change, Evidence, Finding } from '#record/index.js'
import { makeAdvice } from '../advice.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import type { Table } from './catalog.js'
import { type Examination, examinationOf, openReader } from './examination.js'
import { helpedBy } from './helped.js'
import { reasonsAgainstIndexes } from './no-index.js'
import { nodesOf, type Plan, type PlanNode } from './plan.js'
import { comparePlans } from './plan-history.js'
import { type Planned, Planner, plannerSettings } from './planner.js'
import type { Session } from './session.js'
import { trySetting } from './setting-trial.js'
import { ident } from './sql/print.js'
import type { Statement } from './workload.js'

const MIN_MS = 20
const MIN_SHARE = 0.02
const MAX_LOOKED_AT = 20
/** All runs of EXPLAIN ANALYZE together, and the statement that is too slow to be run once more. */
const ANALYZE_SECONDS = 10
const MAX_MS = 4000
const MISESTIMATED = 10
const MISESTIMATED_ROWS = 1000
const JIT_SHARE = 0.2

export const postgresPlans: Advisor = {
  name: 'postgres-plans',
  kinds: ['slow-query', 'plan-regression'],
  explains:
    `Statements of ${MIN_MS} ms or more and ${percent(MIN_SHARE)} of the time: what their plans really do (EXPLAIN ANALYZE of what surely only reads): spills to disk, ` +
    'row estimates off by ten, JIT that costs more than it gives, conditions that no index can answer and why; settings are tried in a session of our own. ' +
    'Plans are kept in the record, and compared with those of the last run of the same test.',
  async advise(input) {
    const databases = input.databases.filter(({ kind }) => kind === 'postgres')
    const answers = await Promise.all(databases.map((database) => adviseOne(input, database)))
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap(({ notAssessed }) => notAssessed),
    }
  },
}

async function adviseOne(input: AdviseInput, database: DatabaseAt): Promise<AdvisorAnswer> {
  const examination = await examinationOf(input, database)
  const { workload, catalog } = examination
  const notAssessed: string[] = []
  const session = await openReader(examination.uri, 2 * MAX_MS)
  try {
    await plannerSettings(session)
    const planner = new Planner(session, catalog)
    const advice: Advice[] = []
    const fine: string[] = []
    const slow = workload.statements.filter(({ msPerCall, share }) => msPerCall >= MIN_MS && share >= MIN_SHARE)
    const endNs = input.clock.nowNs() + ANALYZE_SECONDS * 1e9
    const helped = helpedBy(input)
    for (const statement of slow.slice(0, MAX_LOOKED_AT)) {
      if (input.signal.aborted) break
      const planned = await planner.prepare(statement)
      if ('refused' in planned) {
        notAssessed.push(`${shortSql(statement.sql)}: ${planned.refused}`)
        continue
      }
      const isQuick = statement.msPerCall <= MAX_MS && input.clock.nowNs() < endNs
      const analyzed = isQuick ? await planner.analyze(planned) : undefined
      const plan = analyzed ?? (await planner.plans(planned))[0]
      if (plan === undefined) continue
      const subject: Subject = { examination, session, planned, plan, isHelped: helped?.statements.has(statement.id) }
      const found = await adviceFor(subject)
      advice.push(...found.advice)
      fine.push(...found.fine)
    }
    const regressions = await comparePlans(input, examination, planner)
    notAssessed.push(...regressions.notAssessed)
    advice.push(...regressions.advice)
    fine.push(
      `${slow.length} of ${workload.statements.length} statements take ${MIN_MS} ms a call and ${percent(MIN_SHARE)} of the time (${workload.source})`,
      ...regressions.fine,
    )
    return { advice, fine, notAssessed }
  } finally {
    await session.close()
  }
}

interface Subject {
  readonly examination: Examination
  readonly session: Session
  readonly planned: Planned
  readonly plan: Plan
  /** Whether the adviser of indexes has something better; undefined when it was not asked. */
  readonly isHelped: boolean | undefined
}

async function adviceFor(
  subject: Subject,
): Promise<{ readonly advice: readonly Advice[]; readonly fine: readonly string[] }> {
  const { plan, planned, isHelped } = subject
  const found: Advice[] = []
  const spill = await spillAdvice(subject)
  const fine = typeof spill === 'string' ? [spill] : []
  if (typeof spill === 'object') found.push(spill)
  const jit = await jitAdvice(subject)
  if (jit !== undefined) found.push(jit)
  // An index on an expression brings statistics of it.
  const estimate = isHelped === true ? undefined : estimateAdvice(subject)
  if (estimate !== undefined) found.push(estimate)
  if (found.length === 0 && isHelped !== true) {
    const against = reasonsAgainstIndexes(planned.statement, plan, subject.examination.catalog)
    found.push(slowAdvice(subject, against))
  }
  return { advice: found, fine }
}

/** @returns a sentence when more memory was tried and gained nothing */
async function spillAdvice({ session, planned, plan, examination }: Subject): Promise<Advice | string | undefined> {
  const { statement } = planned
  const diskKb = [...nodesOf(plan.root)].reduce((sum, { actual }) => sum + (actual?.diskKb ?? 0), 0)
  const tempMb = (statement.tempBlocksPerCall * 8192) / 1e6
  if (diskKb === 0 && tempMb < 1) return undefined
  const spilled = diskKb > 0 ? `${bytes(diskKb * 1024)} in this run` : `${bytes(tempMb * 1e6)} a call`
  const trial = await trySetting(session, planned, 'work_mem', ['16MB', '64MB', '256MB', '512MB'], noSpill)
  if (trial === undefined) return tempMb < 1 ? undefined : untriedSpill(statement, examination, tempMb)
  const { value, gain, verdict } = trial
  if (verdict === 'refuted')
    return `${shortSql(statement.sql, 70)} spills to disk (${spilled}), and is no quicker with work_mem = ${value}: ${gain.how}`
  const isBetter = verdict === 'verified'
  return planAdvice(statement, examination, {
    place: 'spill to disk',
    severity: 'warning',
    confidence: isBetter ? 0.9 : 0.6,
    title: `${shortSql(statement.sql, 70)}: sorts or hashes spill to disk, ${spilled}`,
    evidence: [
      {
        text: `${spilled} went to temporary files; with work_mem = ${value} none did`,
        source: 'EXPLAIN (ANALYZE), pg_stat_statements temp_blks_written',
        value: diskKb * 1024 || tempMb * 1e6,
        unit: 'bytes',
        threshold: 0,
      },
    ],
    fix: `Give this work ${value} of memory: SET LOCAL work_mem = '${value}' in its transaction, or for the whole database as below.`,
    details: {
      changes: [settingChange(examination, 'work_mem', value)],
      gain,
      costs: [
        `every sort and hash of every connection may take ${value}: with n connections busy at once, n times as much and more`,
      ],
      verification: { state: isBetter ? 'verified' : 'observed', how: gain.how },
    },
  })
}

/** Too slow, or no plain read: by what the server counted. */
function untriedSpill(statement: Statement, examination: Examination, tempMb: number): Advice {
  const value = tempMb < 5 ? '16MB' : tempMb < 20 ? '64MB' : tempMb < 80 ? '256MB' : '512MB'
  return planAdvice(statement, examination, {
    place: 'spill to disk',
    severity: 'warning',
    confidence: 0.7,
    title: `${shortSql(statement.sql, 70)}: sorts or hashes spill to disk, ${bytes(tempMb * 1e6)} a call`,
    evidence: [
      {
        text: `${bytes(tempMb * 1e6)} of temporary files a call, ${ms(statement.msPerCall)} a call`,
        source: examination.workload.source,
        value: tempMb * 1e6,
        unit: 'bytes',
        threshold: 0,
      },
    ],
    fix: `Give this work more memory: SET LOCAL work_mem = '${value}' in its transaction, or for the whole database as below; and see whether it must read so much.`,
    details: {
      changes: [settingChange(examination, 'work_mem', value)],
      gain: null,
      costs: [`every sort and hash of every connection may take ${value}`],
      verification: {
        state: 'observed',
        how: 'the server counted the blocks; the statement takes too long to be run again here',
      },
    },
  })
}

function noSpill(plan: Plan): boolean {
  return [...nodesOf(plan.root)].every(
    ({ actual }) => (actual?.diskKb ?? 0) === 0 && (actual?.tempBlocksWritten ?? 0) === 0,
  )
}

async function jitAdvice({ session, planned, plan, examination }: Subject): Promise<Advice | undefined> {
  const { statement } = planned
  if (plan.executionMs === undefined || plan.jitMs < plan.executionMs * JIT_SHARE) return undefined
  const trial = await trySetting(session, planned, 'jit', ['off'], () => true)
  if (trial?.verdict !== 'verified') return undefined
  return planAdvice(statement, examination, {
    place: 'jit',
    severity: 'warning',
    confidence: 0.9,
    title: `${shortSql(statement.sql, 70)}: compiling the plan takes ${percent(plan.jitMs / plan.executionMs)} of its time`,
    evidence: [
      {
        text: `${ms(plan.jitMs)} of ${ms(plan.executionMs)} went into JIT compilation`,
        source: 'EXPLAIN (ANALYZE)',
        value: plan.jitMs,
        unit: 'ms',
        threshold: plan.executionMs * JIT_SHARE,
      },
    ],
    fix: 'Switch it off for this database, or raise jit_above_cost above the cost of this plan.',
    details: {
      changes: [settingChange(examination, 'jit', 'off')],
      gain: trial.gain,
      costs: ['reports that run for many seconds may lose what compilation gave them'],
      verification: { state: 'verified', how: trial.gain.how },
    },
  })
}

/** The lowest node that is wrong: what lies above only passes the error on. */
function estimateAdvice({ planned, plan, examination }: Subject): Advice | undefined {
  const { statement } = planned
  const wrong = [...nodesOf(plan.root)]
    .filter((node) => node.relation !== undefined && errorOf(node) >= MISESTIMATED)
    .sort((a, b) => errorOf(b) - errorOf(a))[0]
  if (wrong?.actual === undefined || wrong.relation === undefined) return undefined
  const table = examination.catalog.find(wrong.schema, wrong.relation)
  if (table === undefined) return undefined
  const change = statisticsChange(statement, table)
  if (change === undefined) return undefined
  return planAdvice(statement, examination, {
    place: `row estimate on ${table.name}`,
    severity: 'info',
    confidence: 0.7,
    title: `${shortSql(statement.sql, 70)}: the planner expects ${number(wrong.planRows)} rows of ${table.name} and gets ${number(wrong.actual.rows)}`,
    evidence: [
      {
        text: `${wrong.type} on ${table.name}: ${number(wrong.planRows)} rows expected, ${number(wrong.actual.rows)} came, ${number(errorOf(wrong))} times off`,
        source: 'EXPLAIN (ANALYZE)',
        value: errorOf(wrong),
        unit: 'times',
        threshold: MISESTIMATED,
      },
    ],
    fix: `${change.why} With a right estimate the planner can choose the right plan.`,
    details: {
      changes: change.changes,
      gain: null,
      costs: ['ANALYZE reads some 30,000 rows of the table, or 300 for each step of a larger target'],
      verification: { state: 'observed', how: 'expected and real rows of one run; the change itself was not tried' },
    },
  })
}

function errorOf({ planRows, actual }: PlanNode): number {
  if (actual === undefined || actual.loops === 0) return 1
  const [low, high] = [Math.min(planRows, actual.rows), Math.max(planRows, actual.rows)]
  return high < MISESTIMATED_ROWS ? 1 : high / Math.max(1, low)
}

function statisticsChange(
  { shape }: Statement,
  table: Table,
): { readonly why: string; readonly changes: readonly Change[] } | undefined {
  const analyze = `ANALYZE ${table.sqlName};`
  const statement = (text: string, undo?: string): Change => ({
    form: 'statement',
    language: 'sql',
    text,
    ...(undo === undefined ? {} : { undo }),
  })
  if (!table.isAnalyzed || table.changedSinceAnalyze > table.rows * 0.1)
    return { why: 'Its statistics are old: analyze it.', changes: [statement(analyze)] }
  const keys = shape.tables
    .filter(({ name }) => name === table.name)
    .flatMap(({ predicates }) => predicates.map(({ key }) => key))
  const columns = [...new Set(keys.filter(({ isExpression }) => !isExpression).map(({ column }) => column))]
  const [expression] = keys.filter(({ isExpression }) => isExpression)
  const name = `${table.name}_${columns.slice(0, 3).join('_') || 'expression'}_stats`.slice(0, 63)
  if (columns.length >= 2) {
    return {
      why: 'Its columns depend on each other: tell the planner so.',
      changes: [
        statement(
          `CREATE STATISTICS ${ident(name)} (dependencies, mcv) ON ${columns.slice(0, 3).map(ident).join(', ')} FROM ${table.sqlName};`,
          `DROP STATISTICS ${ident(name)};`,
        ),
        statement(analyze),
      ],
    }
  }
  if (expression !== undefined) {
    return {
      why: 'Nothing is known of the expression: let statistics be kept of it.',
      changes: [
        statement(
          `CREATE STATISTICS ${ident(name)} ON (${expression.text}) FROM ${table.sqlName};`,
          `DROP STATISTICS ${ident(name)};`,
        ),
        statement(analyze),
      ],
    }
  }
  const [column] = columns
  if (column === undefined) return undefined
  return {
    why: 'The values are uneven: keep more of them.',
    changes: [
      statement(
        `ALTER TABLE ${table.sqlName} ALTER COLUMN ${ident(column)} SET STATISTICS 1000;`,
        `ALTER TABLE ${table.sqlName} ALTER COLUMN ${ident(column)} SET STATISTICS -1;`,
      ),
      statement(analyze),
    ],
  }
}

function slowAdvice(
  { planned: { statement }, plan, examination, isHelped }: Subject,
  against: readonly string[],
): Advice {
  const scans = [...nodesOf(plan.root)].filter(({ relation }) => relation !== undefined)
  const read = scans.map(({ relation, planRows, actual }) => ({
    relation: relation ?? '',
    rows: actual === undefined ? planRows : (actual.rows + actual.rowsRemoved) * actual.loops,
  }))
  const most = read.sort((a, b) => b.rows - a.rows)[0]
  const isGrouped = /\bgroup\s+by\b|\b(?:count|sum|avg|min|max)\s*\(/i.test(statement.sql)
  const what =
    most === undefined
      ? 'it reads no table'
      : `${number(most.rows)} rows of ${most.relation} are read for ${number(statement.rowsPerCall)} that come out`
  const view = `${(most?.relation ?? 'statement').replace(/\W/g, '_')}_summary`
  const hasParameters = /\$\d/.test(statement.sql)
  const changes: Change[] =
    isGrouped && !hasParameters && statement.shape.isReading
      ? [
          {
            form: 'statement',
            language: 'sql',
            text: `CREATE MATERIALIZED VIEW ${ident(view)} AS\n${statement.sql.replace(/;\s*$/, '')};`,
            undo: `DROP MATERIALIZED VIEW ${ident(view)};`,
          },
        ]
      : []
  return planAdvice(statement, examination, {
    place: 'plan',
    severity: statement.share >= 0.3 ? 'critical' : 'warning',
    confidence: 0.75,
    title: `${shortSql(statement.sql, 70)}: ${ms(statement.msPerCall)} a call, ${percent(statement.share)} of the database's time${isHelped === false ? ', and no index helps' : ''}: ${what}`,
    evidence: [
      {
        text: `${number(statement.calls)} calls of ${ms(statement.msPerCall)}; ${what}`,
        source: examination.workload.source,
        value: statement.msPerCall,
        unit: 'ms',
        threshold: MIN_MS,
      },
      ...against.map((text) => ({ text, source: 'the statement and its plan' })),
    ],
    fix: fixFor(isGrouped, changes.length > 0, against),
    details: {
      changes,
      gain: null,
      costs:
        changes.length > 0
          ? ['the view is as old as its last REFRESH MATERIALIZED VIEW; reading it is a change in the code']
          : [],
      verification: {
        state: 'observed',
        how: 'the plan with its real rows; what would mend it is the code’s to change',
      },
    },
  })
}

function fixFor(isGrouped: boolean, hasView: boolean, against: readonly string[]): string {
  if (hasView)
    return 'Read sums that are kept instead of counting all rows each time: the view below, refreshed as often as its readers need.'
  if (isGrouped)
    return 'It reads most of the table to sum it up: keep the sums (a table by day or group that writes or a job bring up to date), or ask for a smaller part.'
  if (against.length > 0) return `Change the condition: ${against.join('; ')}.`
  return 'Ask for fewer rows: a narrower condition, a LIMIT, or pages by key.'
}

function settingChange({ database }: Examination, name: string, value: string): Change {
  return {
    form: 'statement',
    language: 'sql',
    text: `ALTER DATABASE ${ident(database)} SET ${name} = '${value}';`,
    undo: `ALTER DATABASE ${ident(database)} RESET ${name};`,
  }
}

interface PlanInit extends Pick<Finding, 'severity' | 'confidence' | 'title' | 'fix'> {
  /** Tells findings on one statement apart. */
  readonly place: string
  readonly evidence: readonly Evidence[]
  readonly details: AdviceDetails
}

function planAdvice(statement: Statement, { workload }: Examination, init: PlanInit): Advice {
  const { place, severity, confidence, title, evidence, fix, details } = init
  return makeAdvice({
    advisor: 'postgres-plans',
    kind: 'slow-query',
    severity,
    confidence,
    title,
    where: { sql: statement.sql.slice(0, 4000), resource: `postgres ${place}` },
    evidence,
    fix,
    prove: 'perfwright advise --db DSN --only postgres-plans',
    share: workload.totalMs > 0 ? statement.share : null,
    advice: details,
  })
}
