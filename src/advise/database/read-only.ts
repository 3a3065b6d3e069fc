/** A connection for trying statements that read: in a transaction that cannot write, with a limit of time, rolled back. */
import { nowMs } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { DatabaseAt } from '../types.js'

export type Dialect = 'postgres' | 'mysql'

export interface ReadOnlyDatabase {
  readonly dialect: Dialect
  /** Rows as arrays of texts. @throws the driver's error; nothing was written */
  read(
    sql: string,
    params: readonly unknown[],
  ): Promise<{ readonly names: readonly string[]; readonly rows: readonly (readonly unknown[])[]; readonly ms: number }>
  close(): Promise<void>
}

const TIMEOUT_MS = 10_000

/** @throws PW_ADVISE_DATABASE; undefined for a database that is not asked by SQL */
export async function openReadOnly({ kind, uri }: DatabaseAt): Promise<ReadOnlyDatabase | undefined> {
  if (kind !== 'postgres' && kind !== 'mysql') return undefined
  try {
    return kind === 'postgres' ? await openPostgres(uri) : await openMysql(uri)
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_ADVISE_DATABASE',
      message: `The database cannot be asked: ${(error as Error).message.replaceAll('\n', ' ')}.`,
      where: '--db',
      fix: 'A role that may read the tables is enough.',
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  }
}

async function openPostgres(uri: string): Promise<ReadOnlyDatabase> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: uri,
    application_name: 'perfwright advise',
    connectionTimeoutMillis: TIMEOUT_MS,
    // As texts, so that two ways compare as the server wrote them.
    types: { getTypeParser: () => (text: string) => text } as never,
  })
  client.on('error', () => {})
  await client.connect()
  return {
    dialect: 'postgres',
    async read(sql, params) {
      await client.query('begin read only')
      try {
        await client.query(`set local statement_timeout = ${TIMEOUT_MS}`)
        const startMs = nowMs()
        const { rows, fields } = await client.query<unknown[]>({ text: sql, values: [...params], rowMode: 'array' })
        return { names: fields.map(({ name }) => name), rows, ms: nowMs() - startMs }
      } finally {
        await client.query('rollback')
      }
    },
    close: () => client.end().catch(() => {}),
  }
}

async function openMysql(uri: string): Promise<ReadOnlyDatabase> {
  const { createConnection } = await import('mysql2/promise')
  const client = await createConnection({
    uri,
    connectTimeout: TIMEOUT_MS,
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  return {
    dialect: 'mysql',
    async read(sql, params) {
      await client.query('start transaction read only')
      try {
        const startMs = nowMs()
        const [rows, fields] = await client.query({ sql, timeout: TIMEOUT_MS }, [...params])
        return {
          names: (fields ?? []).map(({ name }) => name),
          rows: rows as unknown as unknown[][],
          ms: nowMs() - startMs,
        }
      } finally {
        await client.query('rollback')
      }
    },
    close: () => client.end().catch(() => {}),
  }
}
