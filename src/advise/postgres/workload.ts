/** The measured statements: of pg_stat_statements, and of a run where its record has them. */
import type { Session } from './session.js'
import { MARK } from './session.js'
import { type ColumnsOf, type StatementShape, shapeOf } from './sql/shape.js'
import type { SqlParser } from './sql/tree.js'

/** Beyond these no statement takes a part of the load that anybody would notice. */
const MAX_STATEMENTS = 300

export interface Statement {
  readonly id: string
  /** With `$1` for literals. */
  readonly sql: string
  readonly calls: number
  readonly totalMs: number
  readonly msPerCall: number
  readonly rowsPerCall: number
  /** Blocks read or found in memory, a call. */
  readonly blocksPerCall: number
  /** Blocks of 8 kB written to temporary files, a call. */
  readonly tempBlocksPerCall: number
  /** Of all statements' time. */
  readonly share: number
  readonly shape: StatementShape
}

export interface Workload {
  readonly statements: readonly Statement[]
  readonly totalMs: number
  /** Where the numbers are from: "pg_stat_statements since 2026-11-23 09:00 UTC". */
  readonly source: string
  readonly notes: readonly string[]
}

/** One statement's numbers, from wherever. */
export interface Measured {
  readonly id: string
  readonly sql: string
  readonly calls: number
  readonly totalMs: number
  readonly rows: number
  readonly blocks: number
  readonly tempBlocks: number
}

/** @returns a sentence when the server keeps no statistics of statements that we may read */
export async function measuredStatements(session: Session): Promise<readonly Measured[] | string> {
  const [extension] = await session.query<{ schema: string; time: string | null }>(
    `select quote_ident(n.nspname) as schema, (
       select attname from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relname = 'pg_stat_statements'
         and c.relnamespace = n.oid and a.attname in ('total_exec_time', 'total_time') limit 1) as time
     from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`,
  )
  if (extension?.time == null) {
    return "the statements' times: the extension pg_stat_statements is not in this database (shared_preload_libraries = 'pg_stat_statements', restart, create extension pg_stat_statements)"
  }
  const rows = await session.attempt<Measured>(
    `select queryid::text as id, left(min(query), 20000) as sql, sum(calls)::float8 as calls,
       sum(${extension.time})::float8 as "totalMs", sum(rows)::float8 as rows,
       sum(shared_blks_hit + shared_blks_read)::float8 as blocks, sum(temp_blks_written)::float8 as "tempBlocks"
     from ${extension.schema}.pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database()) and queryid is not null
     group by queryid order by 4 desc limit ${2 * MAX_STATEMENTS}`,
  )
  if ('refused' in rows) return `the statements' times: ${rows.refused}`
  return rows
}

export function workloadOf(
  measured: readonly Measured[],
  source: string,
  parser: SqlParser,
  columnsOf: ColumnsOf,
): Workload {
  const notes: string[] = []
  const foreign = measured.filter(
    ({ sql }) => sql !== null && !sql.includes(MARK) && sql !== '<insufficient privilege>',
  )
  const hidden = measured.filter(({ sql }) => sql === '<insufficient privilege>').length
  if (hidden > 0)
    notes.push(
      `${hidden} statements of other users: this role may not see their text (grant pg_monitor to CURRENT_ROLE)`,
    )
  const statements: Omit<Statement, 'share'>[] = []
  let totalMs = 0
  let unreadMs = 0
  for (const { id, sql, calls, totalMs: spentMs, rows, blocks, tempBlocks } of foreign.slice(0, MAX_STATEMENTS)) {
    if (calls <= 0 || utility.test(sql)) continue
    totalMs += spentMs
    const text = preparable(sql)
    const shape = shapeOf(parser, text, columnsOf)
    if (shape === undefined || shape.kind === 'other') {
      if (shape === undefined) unreadMs += spentMs
      continue
    }
    const perCall = (amount: number): number => amount / calls
    statements.push({
      id,
      sql: text,
      calls,
      totalMs: spentMs,
      shape,
      msPerCall: perCall(spentMs),
      rowsPerCall: perCall(rows),
      blocksPerCall: perCall(blocks),
      tempBlocksPerCall: perCall(tempBlocks),
    })
  }
  if (unreadMs > totalMs * 0.05) {
    notes.push(
      `statements that take ${Math.round((unreadMs / totalMs) * 100)} % of the time could not be parsed (their text is cut, or no PostgreSQL)`,
    )
  }
  return {
    statements: statements
      .map((one) => ({ ...one, share: totalMs > 0 ? one.totalMs / totalMs : 0 }))
      .sort((a, b) => b.totalMs - a.totalMs),
    totalMs,
    source,
    notes,
  }
}

/** Neither an application's doing nor something to index. */
const utility =
  /^\s*(?:\/\*[\s\S]*?\*\/\s*)*(?:begin|commit|rollback|start|end|set|show|reset|copy|vacuum|analyze|create|alter|drop|truncate|explain|deallocate|discard|listen|notify|fetch|close|declare|checkpoint|grant|comment|refresh|reindex|cluster|do|call|lock|savepoint|release|prepare|execute)\b/i

/** The statistics put `$1` where the grammar wants a literal: `interval $1` is `$1::interval`. */
function preparable(sql: string): string {
  return sql.replace(
    /\b(interval|date|timestamptz|timestamp(?: with(?:out)? time zone)?|time)\s+(\$\d+)/gi,
    (_whole, type: string, parameter: string) => `${parameter}::${type}`,
  )
}
