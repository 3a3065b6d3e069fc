/**
 * The adviser's connection: read-only by the server's own rule, every statement bounded in time, so that advice neither
 * changes nor holds up anything. A scratch database of our own making is opened writable.
 */
import type * as Pg from 'pg'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { driver, placeOf, readServiceUri, reasonOf, unreachable } from '#observe/services/service-uri.js'

/** Stands in each of our statements, by which we know them in the server's own statistics. */
export const MARK = '/* perfwright */'

export interface SessionOptions {
  /** Of one statement; the server ends it. */
  readonly statementTimeoutMs: number
  /** Only for a database that we made. */
  readonly isWritable?: boolean
}

export class Session {
  readonly #client: Pg.Client
  /** `server_version_num`: 150004. */
  readonly version: number
  readonly database: string
  /** `host:port/database`, for people. */
  readonly place: string
  #broken: Error | undefined

  private constructor(client: Pg.Client, version: number, database: string, place: string) {
    this.#client = client
    this.version = version
    this.database = database
    this.place = place
    client.on('error', (error) => (this.#broken = error))
  }

  /** @throws PerfwrightError PW_OBSERVE_URI, PW_OBSERVE_LIBRARY, PW_OBSERVE_UNREACHABLE */
  static async open(uri: string, options: SessionOptions): Promise<Session> {
    const url = readServiceUri(uri, 'postgres://user:password@host:5432/database')
    const { default: pg } = await driver('pg', () => import('pg'))
    const place = placeOf(url, 5432)
    const readOnly = options.isWritable === true ? '' : ' -c default_transaction_read_only=on'
    const limits = `-c statement_timeout=${options.statementTimeoutMs} -c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000`
    const client = new pg.Client({
      connectionString: uri,
      application_name: 'perfwright',
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      options: `${limits}${readOnly}`,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query<{ version: string; database: string }>(
        `select ${MARK} current_setting('server_version_num') as version, current_database() as database`,
      )
      const { version = '0', database = '' } = rows[0] ?? {}
      return new Session(client, Number(version), database, `${place}/${database}`)
    } catch (error) {
      void client.end().catch(() => {})
      throw unreachable(
        `PostgreSQL at ${place}`,
        error,
        'Check the address, user and password, and that the server lets this machine in.',
      )
    }
  }

  /** @throws PerfwrightError PW_ADVISE_REFUSED with the server's words and its code as `cause` */
  async query<R extends object>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    if (this.#broken !== undefined) throw failed(this.place, this.#broken)
    try {
      const text = `${MARK} ${sql}`
      // One statement without values goes by the simple protocol: PREPARE, EXECUTE and SET are not prepared themselves.
      const answer = await (values.length > 0 ? this.#client.query<R>(text, [...values]) : this.#client.query<R>(text))
      // Several statements in one text have several answers.
      return (Array.isArray(answer) ? (answer as Pg.QueryResult<R>[]).at(-1)?.rows : answer.rows) ?? []
    } catch (error) {
      throw failed(this.place, error)
    }
  }

  /** As `query`, but what the server refuses is answered as its words. */
  async attempt<R extends object>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<R[] | { readonly refused: string }> {
    try {
      return await this.query<R>(sql, values)
    } catch (error) {
      if (this.#broken !== undefined) throw error
      return { refused: reasonOf((error as PerfwrightError).cause ?? error) }
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }
}

function failed(place: string, error: unknown): PerfwrightError {
  return new PerfwrightError({
    code: 'PW_ADVISE_REFUSED',
    message: `PostgreSQL at ${place} refused a question of the adviser: ${reasonOf(error)}.`,
    fix: 'Give a role that may read the tables and the statistics: grant pg_monitor, pg_read_all_data to the role.',
    exitCode: ExitCode.targetUnusable,
    cause: error,
  })
}
