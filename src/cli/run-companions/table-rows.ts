/** How many rows the tables of observed databases have, by the servers' own estimates: nothing is counted. */
import type { TableRows } from '#plan/checkpoints/index.js'

const maxTables = 200

/** Undefined when no database of a kind that is known could be asked. */
export async function tableRows(uris: readonly string[]): Promise<TableRows[] | undefined> {
  const all = await Promise.all(
    uris.map(async (uri) => {
      try {
        if (/^postgres(ql)?:/.test(uri)) return await postgresRows(uri)
        if (/^(mysql|mariadb):/.test(uri)) return await mysqlRows(uri)
      } catch {
        // Its collector has said already why the server cannot be read.
      }
      return undefined
    }),
  )
  const known = all.filter((rows) => rows !== undefined)
  return known.length === 0 ? undefined : known.flat().sort((a, b) => b.rows - a.rows)
}

async function postgresRows(uri: string): Promise<TableRows[]> {
  const { MARK, PostgresConnection } = await import('#observe/services/postgres/connection.js')
  const connection = await PostgresConnection.open(uri)
  try {
    // reltuples is -1 until the first vacuum or analyze; the live counter is lost with a crash: the larger one is nearer.
    const rows = await connection.query<{ name: string; rows: number }>(
      `select ${MARK} case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as name,
         greatest(c.reltuples, coalesce(s.n_live_tup, 0), 0)::float8 as rows
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       left join pg_stat_user_tables s on s.relid = c.oid
       where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       order by 2 desc limit ${maxTables}`,
    )
    return rows.map(({ name, rows }) => ({ table: name, rows: Math.round(rows) }))
  } finally {
    await connection.close()
  }
}

async function mysqlRows(uri: string): Promise<TableRows[]> {
  const { MysqlConnection, SELECT } = await import('#observe/services/mysql/connection.js')
  const connection = await MysqlConnection.open(uri)
  try {
    const rows = await connection.query(
      `${SELECT} table_name as name, coalesce(table_rows, 0) as row_count from information_schema.tables
       where table_schema = database() and table_type = 'BASE TABLE' order by 3 desc limit ${maxTables}`,
    )
    return rows.map((row) => ({ table: String(row['name']), rows: Number(row['row_count']) }))
  } finally {
    await connection.close()
  }
}
