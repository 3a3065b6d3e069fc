/** Adviser `mysql`: slow statements, missing and double indexes of MySQL and MariaDB. */
import { nowMs } from '#base/clock.js'
import { PerfwrightError } from '#base/errors.js'
import { ms, number, percent, shortSql } from '#diagnose/finding.js'
import { MysqlConnection } from '#observe/services/mysql/connection.js'
import { readServiceUri } from '#observe/services/service-uri.js'
import type { AdviceDetails, Gain, Verification } from '#record/index.js'
import { bootstrap, median } from '#stats/index.js'
import { makeAdvice, notAssessed } from '../advice.js'
import { loadParser } from '../postgres/sql/tree.js'
import type { Advice, AdviseInput, Advisor, AdvisorAnswer, DatabaseAt } from '../types.js'
import { doubleIndexes } from './doubles.js'
import { readMysqlCatalog } from './catalog.js'
import { explainedScans } from './explain.js'
import { type MysqlIndexChange, missingIndex } from './missing-index.js'
import { withValues } from './samples.js'
import { makeMysqlScratch, type MysqlScratch } from './scratch.js'
import { type MysqlStatement, mysqlWorkload } from './statements.js'

const MIN_MS = 0.5
const MIN_SHARE = 0.01
const SLOW_MS = 20
const MAX_LOOKED_AT = 40
const REPEATS = 15

export const mysqlAdvisor: Advisor = {
  name: 'mysql',
  kinds: ['missing-index', 'slow-query', 'redundant-index'],
  explains:
    'MySQL and MariaDB (--db mysql://...): statements of the digests or the proxy with EXPLAIN and values of their own tables; ' +
    'a scan of 1,000 rows and ten for each that comes out, with columns that an index could hold, is a missing index; with --scratch it is built on a copy of the table and timed. ' +
    `Statements of ${SLOW_MS} ms and ${percent(MIN_SHARE)} of the time that no index helps; indexes that are the beginning of others.`,
  async advise(input) {
    const databases = input.databases.filter(({ kind }) => kind === 'mysql')
    const answers = await Promise.all(databases.map((database) => adviseOne(input, database)))
    return {
      advice: answers.flatMap(({ advice }) => advice),
      fine: answers.flatMap(({ fine }) => fine),
      notAssessed: answers.flatMap((answer) => answer.notAssessed),
    }
  },
}

async function adviseOne(input: AdviseInput, { uri }: DatabaseAt): Promise<AdvisorAnswer> {
  const database = decodeURIComponent(readServiceUri(uri, 'mysql://user:password@host:3306/database').pathname.slice(1))
  if (database === '') return notAssessed('MySQL: name the database in --db mysql://user@host/DATABASE')
  const connection = await MysqlConnection.open(uri)
  try {
    const tables = await readMysqlCatalog(connection, database)
    const workload = await mysqlWorkload(connection, input, database, await loadParser(), tables)
    const advice: Advice[] = [...doubleIndexes(tables.values())]
    const untried: string[] = []
    const fine: string[] = []
    const found = new Map<string, Found>()
    const worth = workload.statements.filter(({ msPerCall, share }) => msPerCall >= MIN_MS && share >= MIN_SHARE)
    for (const statement of worth.slice(0, MAX_LOOKED_AT)) {
      const sql = await withValues(connection, statement)
      const scans = sql === undefined ? undefined : await explainedScans(connection, sql)
      if (sql === undefined || scans === undefined) {
        untried.push(`${shortSql(statement.sql)}: no value for its parameters, or the server explains it not`)
        continue
      }
      const change = missingIndex(statement, scans, tables)
      if (change !== undefined) {
        const before = found.get(change.text)
        found.set(change.text, { change, statements: [...(before?.statements ?? []), { statement, sql }] })
      } else if (statement.msPerCall >= SLOW_MS) advice.push(slowAdvice(statement, workload.source))
    }
    const covered = [...found.values()].filter(
      (one) => ![...found.values()].some((other) => other !== one && isBeginningOf(one.change, other.change)),
    )
    for (const one of covered) {
      const trial = await tried(input, database, one)
      if (typeof trial === 'string') untried.push(trial)
      if (typeof trial === 'object' && trial.verification.state === 'refuted')
        fine.push(`${one.change.text} was tried and is no better: ${trial.verification.how}`)
      else advice.push(indexAdvice(one, typeof trial === 'object' ? trial : undefined, workload.source))
    }
    fine.push(`${worth.length} statements of ${MIN_MS} ms or more were explained (${workload.source})`)
    return { advice, fine, notAssessed: [...workload.missing, ...untried] }
  } finally {
    await connection.close()
  }
}

interface Found {
  readonly change: MysqlIndexChange
  readonly statements: readonly { readonly statement: MysqlStatement; readonly sql: string }[]
}

function isBeginningOf(one: MysqlIndexChange, other: MysqlIndexChange): boolean {
  return (
    one.table === other.table &&
    one.columns.length < other.columns.length &&
    one.columns.every((column, i) => column === other.columns[i])
  )
}

interface Trial {
  readonly gain: Gain
  readonly costs: readonly string[]
  readonly verification: Verification
}

/** Undefined without --scratch; a sentence when no copy could be made. */
async function tried(input: AdviseInput, sourceDatabase: string, found: Found): Promise<Trial | string | undefined> {
  const { scratch: server, random } = input
  if (server === undefined || !server.startsWith('mysql:')) return undefined
  const [first] = found.statements
  if (first === undefined) return undefined
  const { change } = found
  const tables = [...new Set(first.statement.shape.tables.map(({ name }) => name))]
  let scratch: MysqlScratch | undefined
  try {
    input.progress(`building ${change.indexName} on a copy of ${change.table}`)
    scratch = await makeMysqlScratch({ server, sourceDatabase, tables, random })
    const before = await timesOf(scratch, first.sql)
    const startMs = nowMs()
    await scratch.query(change.text)
    const buildMs = nowMs() - startMs
    const after = await timesOf(scratch, first.sql)
    return trialOf(first.statement, before, after, buildMs, scratch.rows)
  } catch (error) {
    if (error instanceof PerfwrightError) return `${error.code} ${error.message} ${error.fix ?? ''}`
    return `${change.indexName} could not be tried on a copy: ${(error as Error).message}`
  } finally {
    await scratch?.close()
  }
}

function trialOf(
  { sql }: MysqlStatement,
  before: readonly number[],
  after: readonly number[],
  buildMs: number,
  rows: number,
): Trial {
  const [slow, fast] = [median(before) ?? 0, median(after) ?? 0]
  const interval = bootstrap(after, (some) => median(some))
  const [low, high] = [interval?.low ?? fast, interval?.high ?? fast]
  const where = `a copy of its tables with ${number(rows)} rows`
  return {
    gain: {
      metric: `time of ${shortSql(sql, 60)}`,
      unit: 'ms',
      before: slow,
      after: fast,
      afterLow: low,
      afterHigh: high,
      basis: 'measured',
      how: `medians of ${REPEATS} runs each on ${where}`,
    },
    costs: [`${ms(buildMs)} to build on ${where}; each write of its columns keeps it up to date`],
    verification: {
      state: high < slow * 0.9 ? 'verified' : 'refuted',
      how: `built on ${where}: ${ms(slow)} -> ${ms(fast)} (95 %: ${ms(low)} to ${ms(high)})`,
    },
  }
}

async function timesOf(scratch: MysqlScratch, sql: string): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = -1; i < REPEATS; i++) {
    const startMs = nowMs()
    await scratch.query(sql)
    if (i >= 0) times.push(nowMs() - startMs)
  }
  return times
}

function indexAdvice({ change, statements }: Found, trial: Trial | undefined, source: string): Advice {
  const [first] = statements
  const share = statements.reduce((sum, { statement }) => sum + statement.share, 0)
  const statement = first?.statement as MysqlStatement
  const kept = Math.max(1, statement.rowsPerCall) / Math.max(1, change.scannedRows)
  const details: AdviceDetails = {
    changes: [{ form: 'statement', language: 'sql', text: change.text, undo: change.undo }],
    gain: trial?.gain ?? {
      metric: `time of ${shortSql(statement.sql, 60)}`,
      unit: 'ms',
      before: statement.msPerCall,
      after: Math.max(Math.min(0.1, statement.msPerCall), statement.msPerCall * Math.min(1, 4 * kept)),
      afterLow: null,
      afterHigh: null,
      basis: 'estimated',
      how: 'rows that come out over rows that are read, each at four times the price of one in a scan',
    },
    costs: trial?.costs ?? ['its size, and some microseconds for each row that is written'],
    verification: trial?.verification ?? {
      state: 'predicted',
      how: 'EXPLAIN of the statement as it is; --scratch URI (the same server) builds the index on a copy and times it',
    },
  }
  return makeAdvice({
    advisor: 'mysql',
    kind: 'missing-index',
    severity: share >= 0.2 ? 'critical' : 'warning',
    confidence: trial === undefined ? 0.75 : 0.98,
    title: `${change.table} has no index on ${change.columns.join(', ')}: ${statements.length} ${statements.length === 1 ? 'statement spends' : 'statements spend'} ${percent(share)} of the database's time`,
    where: { sql: statement.sql.slice(0, 4000), resource: `mysql ${change.table}` },
    evidence: statements.map((one) => ({
      text: `${shortSql(one.statement.sql)}: ${ms(one.statement.msPerCall)} a call, ${number(one.statement.calls)} calls; EXPLAIN reads about ${number(change.scannedRows)} rows of ${change.table}, ${number(one.statement.rowsPerCall)} come out`,
      source: `${source}, EXPLAIN`,
      value: one.statement.msPerCall,
      unit: 'ms',
      threshold: MIN_MS,
    })),
    fix: `Make the index ${change.indexName}; reads and writes go on while it is built.`,
    prove: 'perfwright advise --db DSN --scratch DSN --only mysql',
    share,
    advice: details,
  })
}

function slowAdvice(statement: MysqlStatement, source: string): Advice {
  const { sql, msPerCall, calls, share, examinedPerCall, rowsPerCall, shape, diskTablesPerCall } = statement
  const reasons = shape.tables.flatMap(({ predicates }) =>
    predicates.flatMap(({ key, use }) => {
      if (use === 'contains')
        return `the pattern on ${key.text} may begin with anything: FULLTEXT with a parser of n-grams answers it, a btree does not`
      if (key.isExpression)
        return `${key.text} is computed for each row: compare the bare column, or index a generated column of it`
      return []
    }),
  )
  const read =
    examinedPerCall === undefined
      ? ''
      : `; ${number(examinedPerCall)} rows are read for ${number(rowsPerCall)} that come out`
  return makeAdvice({
    advisor: 'mysql',
    kind: 'slow-query',
    severity: share >= 0.3 ? 'critical' : 'warning',
    confidence: 0.7,
    title: `${shortSql(sql, 70)}: ${ms(msPerCall)} a call, ${percent(share)} of the database's time, and no plain index helps`,
    where: { sql: sql.slice(0, 4000), resource: 'mysql plan' },
    evidence: [
      {
        text: `${number(calls)} calls of ${ms(msPerCall)}${read}${diskTablesPerCall >= 0.5 ? '; a temporary table goes to disk' : ''}`,
        source,
        value: msPerCall,
        unit: 'ms',
        threshold: SLOW_MS,
      },
      ...reasons.map((text) => ({ text, source: 'the statement' })),
    ],
    fix:
      reasons.length > 0
        ? `Change the condition: ${reasons.join('; ')}.`
        : 'Keep the sums that it computes, ask for fewer rows, or give temporary tables more memory (tmp_table_size, max_heap_table_size) where they go to disk.',
    prove: 'perfwright advise --db DSN --only mysql',
    share,
    advice: {
      changes: [],
      gain: null,
      costs: [],
      verification: { state: 'observed', how: 'the server’s own times; what would mend it is the code’s to change' },
    },
  })
}
