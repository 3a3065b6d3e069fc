/** What all advisers of PostgreSQL start from, read once for each call of `advise`: catalog and measured statements. */
import { readEvidence } from '#diagnose/read-evidence.js'
import { statementsOf } from '#diagnose/statements.js'
import type { RunRecord } from '#record/index.js'
import type { AdviseInput, DatabaseAt } from '../types.js'
import { type Catalog, readCatalog } from './catalog.js'
import { Session } from './session.js'
import { loadParser, type SqlParser } from './sql/tree.js'
import { type Measured, measuredStatements, type Workload, workloadOf } from './workload.js'

/** Of one question to the catalog or the planner. */
const QUESTION_MS = 5000

export interface Examination {
  readonly uri: string
  readonly place: string
  readonly database: string
  readonly version: number
  readonly catalog: Catalog
  readonly parser: SqlParser
  readonly workload: Workload
  /** What could not be read, and why. */
  readonly missing: readonly string[]
}

const known = new WeakMap<AdviseInput, Map<string, Promise<Examination>>>()

/** @throws PerfwrightError when the database cannot be reached */
export async function examinationOf(input: AdviseInput, { uri }: DatabaseAt): Promise<Examination> {
  const all = known.get(input) ?? new Map<string, Promise<Examination>>()
  known.set(input, all)
  const made = all.get(uri) ?? examine(input, uri)
  all.set(uri, made)
  return await made
}

export function openReader(uri: string, statementTimeoutMs: number = QUESTION_MS): Promise<Session> {
  return Session.open(uri, { statementTimeoutMs })
}

async function examine(input: AdviseInput, uri: string): Promise<Examination> {
  const parser = await loadParser()
  const session = await openReader(uri)
  try {
    input.progress(`reading the catalog of ${session.place}`)
    const catalog = await readCatalog(session)
    const { measured, source, missing } = await measure(input, session, catalog)
    const columnsOf = (schema: string | undefined, name: string): ReadonlySet<string> | undefined => {
      const table = catalog.find(schema, name)
      return table === undefined ? undefined : new Set(table.columns.keys())
    }
    const workload = workloadOf(measured, source, parser, columnsOf)
    return {
      uri,
      place: session.place,
      database: session.database,
      version: session.version,
      catalog,
      parser,
      workload,
      missing: [...missing, ...catalog.notes, ...workload.notes],
    }
  } finally {
    await session.close()
  }
}

interface Measurement {
  readonly measured: readonly Measured[]
  readonly source: string
  readonly missing: readonly string[]
}

async function measure(input: AdviseInput, session: Session, catalog: Catalog): Promise<Measurement> {
  const server = await measuredStatements(session)
  const ofRun = input.record === undefined ? [] : await statementsOfRun(input.record)
  if (ofRun.length > 0) {
    // The run says how often and how long; the server says the whole text, rows and temporary blocks.
    const byId = new Map((typeof server === 'string' ? [] : server).map((one) => [one.id, one]))
    const measured = ofRun.map((one) => {
      const { calls = 0, tempBlocks = 0, sql = '' } = byId.get(one.id) ?? {}
      return { ...one, sql: sql || one.sql, tempBlocks: calls > 0 ? (tempBlocks / calls) * one.calls : 0 }
    })
    return { measured, source: 'statements of the run', missing: [] }
  }
  const ofCapture = statementsOfCapture(input)
  if (typeof server === 'string') {
    const missing = ofCapture.length > 0 ? [] : [server]
    return { measured: ofCapture, source: 'statements seen by the proxy', missing }
  }
  const since = catalog.countersSince === undefined ? '' : ` since ${catalog.countersSince}`
  return { measured: server, source: `pg_stat_statements${since}`, missing: [] }
}

async function statementsOfRun(record: RunRecord): Promise<Measured[]> {
  const evidence = await readEvidence(record)
  const all = statementsOf(evidence, () => true)
  return all
    .filter(({ part, sql }) => part.startsWith('postgres') && sql !== '')
    .map(({ id, sql, calls, totalMs, rowsPerCall = 0, blocksPerCall = 0 }) => ({
      id,
      sql,
      calls,
      totalMs,
      rows: rowsPerCall * calls,
      blocks: blocksPerCall * calls,
      tempBlocks: 0,
    }))
}

function statementsOfCapture({ capture }: AdviseInput): Measured[] {
  const byFamily = new Map<string, { sql: string; calls: number; totalMs: number; rows: number }>()
  for (const { exchanges } of capture?.requests ?? []) {
    for (const { protocol, text, family, startMs, endMs, rows } of exchanges) {
      if (protocol !== 'postgres') continue
      const one = byFamily.get(family) ?? { sql: text, calls: 0, totalMs: 0, rows: 0 }
      one.calls++
      one.totalMs += endMs - startMs
      one.rows += rows
      byFamily.set(family, one)
    }
  }
  return [...byFamily].map(([id, one]) => ({ id, ...one, blocks: 0, tempBlocks: 0 }))
}
