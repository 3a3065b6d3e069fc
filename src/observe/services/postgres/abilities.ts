/** What a server offers to us: pg_stat_statements under which columns, and what is missing with the way to get it. */
import { MARK, type PostgresConnection } from './connection.js'

export interface Abilities {
  /** Undefined when statements cannot be read; `missing` says why. */
  readonly statements: StatementSource | undefined
  /** `query_id` in pg_stat_activity (14) and `waitstart` in pg_locks (14). */
  readonly hasLockWaitStart: boolean
  readonly connectionsLimit: number | undefined
  /** Each with the line that mends it. */
  readonly missing: readonly string[]
}

export interface StatementSource {
  /** Quoted schema of the extension. */
  readonly schema: string
  /** `total_exec_time` since version 1.8 of the extension (PostgreSQL 13), `total_time` before. */
  readonly timeColumn: string
}

export async function abilitiesOf(connection: PostgresConnection): Promise<Abilities> {
  const missing: string[] = []
  const statements = await statementSource(connection, missing)
  const [settings] = await connection.query<{ limit: string | null; monitor: boolean }>(
    `select ${MARK} current_setting('max_connections', true) as limit,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as monitor`,
  )
  if (settings?.monitor === false) {
    missing.push('what other users run: this role may not see it (grant pg_monitor to CURRENT_ROLE, as a superuser)')
  }
  return {
    statements,
    hasLockWaitStart: connection.version >= 140000,
    connectionsLimit: settings?.limit == null ? undefined : Number(settings.limit),
    missing,
  }
}

async function statementSource(
  connection: PostgresConnection,
  missing: string[],
): Promise<StatementSource | undefined> {
  const [extension] = await connection.query<{ schema: string; time_column: string | null }>(
    `select ${MARK} quote_ident(n.nspname) as schema, (
       select attname from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relname = 'pg_stat_statements' and c.relnamespace = n.oid
         and a.attname in ('total_exec_time', 'total_time') limit 1) as time_column
     from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`,
  )
  if (extension === undefined || extension.time_column === null) {
    missing.push(
      'statements: the extension pg_stat_statements is not in this database ' +
        "(shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the server, then here: create extension pg_stat_statements)",
    )
    return undefined
  }
  const source = { schema: extension.schema, timeColumn: extension.time_column }
  try {
    await connection.query(`select ${MARK} 1 from ${source.schema}.pg_stat_statements(false) limit 1`)
    return source
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    missing.push(
      code === '55000'
        ? "statements: pg_stat_statements is not preloaded (shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, then restart the server)"
        : `statements: ${(error as Error).message} (grant pg_monitor to CURRENT_ROLE, as a superuser)`,
    )
    return undefined
  }
}
