/** Measured statements of MySQL and MariaDB, read by PostgreSQL's parser after their dialect is put into its words. */
import { type MysqlConnection, SELECT } from '#observe/services/mysql/connection.js'
import { type StatementShape, shapeOf } from '../postgres/sql/shape.js'
import type { SqlParser } from '../postgres/sql/tree.js'
import type { AdviseInput } from '../types.js'
import { type MysqlTable, quoted } from './catalog.js'

const MAX_STATEMENTS = 200

export interface MysqlStatement {
  readonly id: string
  /** With `?` for literals. */
  readonly sql: string
  readonly calls: number
  readonly totalMs: number
  readonly msPerCall: number
  readonly rowsPerCall: number
  /** Rows read for one call; undefined where only the proxy saw it. */
  readonly examinedPerCall: number | undefined
  readonly diskTablesPerCall: number
  readonly share: number
  readonly shape: StatementShape
}

interface Measured {
  readonly id: string
  readonly sql: string
  readonly calls: number
  readonly totalMs: number
  readonly rows: number
  readonly examined: number | undefined
  readonly diskTables: number
}

export interface MysqlWorkload {
  readonly statements: readonly MysqlStatement[]
  readonly totalMs: number
  readonly source: string
  readonly missing: readonly string[]
}

export async function mysqlWorkload(
  connection: MysqlConnection,
  input: AdviseInput,
  database: string,
  parser: SqlParser,
  tables: ReadonlyMap<string, MysqlTable>,
): Promise<MysqlWorkload> {
  const digests = await statementDigests(connection, database)
  const seen = digests.length > 0 ? [] : statementsOfCapture(input)
  const missing: string[] = []
  if (digests.length === 0 && seen.length === 0) {
    missing.push(
      "the statements' times: performance_schema has no digests of this database (performance_schema = ON in my.cnf, with consumer statements_digest, restart), and no proxy saw any (--target-cmd with --url)",
    )
  }
  const measured = digests.length > 0 ? digests : seen
  const columnsOf = (_schema: string | undefined, table: string): ReadonlySet<string> | undefined => {
    const found = tables.get(table)
    return found === undefined ? undefined : new Set(found.columns.keys())
  }
  const totalMs = measured.reduce((sum, one) => sum + one.totalMs, 0)
  const statements = measured.flatMap((one) => {
    const shape = one.calls > 0 ? shapeOf(parser, inPostgresWords(one.sql), columnsOf) : undefined
    if (shape === undefined || shape.kind === 'other') return []
    return {
      id: one.id,
      sql: one.sql,
      calls: one.calls,
      totalMs: one.totalMs,
      msPerCall: one.totalMs / one.calls,
      rowsPerCall: one.rows / one.calls,
      examinedPerCall: one.examined === undefined ? undefined : one.examined / one.calls,
      diskTablesPerCall: one.diskTables / one.calls,
      share: totalMs > 0 ? one.totalMs / totalMs : 0,
      shape,
    }
  })
  statements.sort((a, b) => b.totalMs - a.totalMs)
  const source = digests.length > 0 ? 'performance_schema digests' : 'statements seen by the proxy'
  return { statements, totalMs, source, missing }
}

async function statementDigests(connection: MysqlConnection, database: string): Promise<Measured[]> {
  const rows = await connection
    .query(
      `${SELECT} digest as id, left(digest_text, 20000) as txt, count_star as calls, sum_timer_wait / 1e9 as ms,
         sum_rows_sent as sent, sum_rows_examined as examined, sum_created_tmp_disk_tables as disk
       from performance_schema.events_statements_summary_by_digest
       where digest is not null and schema_name = ${quoted(database)} order by sum_timer_wait desc limit ${MAX_STATEMENTS}`,
    )
    .catch(() => [])
  return rows
    .map((row) => ({
      id: String(row['id']),
      sql: String(row['txt'] ?? '').trim(),
      calls: Number(row['calls']),
      totalMs: Number(row['ms']),
      rows: Number(row['sent']),
      examined: Number(row['examined']),
      diskTables: Number(row['disk']),
    }))
    .filter(({ sql }) => !sql.includes('perfwright') && /^(?:select|insert|update|delete|replace|with)\b/i.test(sql))
}

function statementsOfCapture({ capture }: AdviseInput): Measured[] {
  const byFamily = new Map<string, { calls: number; totalMs: number; rows: number }>()
  for (const { exchanges } of capture?.requests ?? []) {
    for (const { protocol, family, startMs, endMs, rows } of exchanges) {
      if (protocol !== 'mysql') continue
      const one = byFamily.get(family) ?? { calls: 0, totalMs: 0, rows: 0 }
      one.calls++
      one.totalMs += endMs - startMs
      one.rows += rows
      byFamily.set(family, one)
    }
  }
  return [...byFamily].map(([sql, one]) => ({ id: sql, sql, ...one, examined: undefined, diskTables: 0 }))
}

/** Quotes, placeholders, collapsed lists and `limit offset, count`. */
export function inPostgresWords(sql: string): string {
  let number = 0
  return sql
    .replace(/[\s;]+$/, '')
    .replaceAll('`', '"')
    .replace(/\(\s*\.\.\.\s*\)/g, '( ? )')
    .replace(/\?/g, () => `$${++number}`)
    .replace(/\blimit\s+(\$\d+|\d+)\s*,\s*(\$\d+|\d+)/gi, 'LIMIT $2 OFFSET $1')
    .replace(/\b(?:force|use|ignore)\s+(?:index|key)\s*\([^)]*\)/gi, '')
    .replace(/"(\w+)"\s*\.\s*"(\w+)"/g, '"$1"."$2"')
    .replace(/"([a-z_]\w*)"\s*\(/g, '$1(')
}
