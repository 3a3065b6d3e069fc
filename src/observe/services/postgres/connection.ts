/**
 * Our own connection to a PostgreSQL server: named, read-only, every statement bounded in time, so that observing can
 * neither change nor hold up anything.
 */
import type * as Pg from 'pg'
import { driver, placeOf, readServiceUri, unreachable } from '../service-uri.js'

/** Stands in each of our statements, by which we know them in the server's own statistics. */
export const MARK = '/* perfwright */'

const STATEMENT_TIMEOUT_MS = 5000

export class PostgresConnection {
  readonly #client: Pg.Client
  /** `server_version_num`: 150004. */
  readonly version: number
  /** `PostgreSQL 15.4`, with the maker's own additions left out. */
  readonly versionText: string
  /** Statements that we ran, and the time that we waited for them. */
  statements = 0
  #broken: Error | undefined

  private constructor(client: Pg.Client, version: number, versionText: string) {
    this.#client = client
    this.version = version
    this.versionText = versionText
    client.on('error', (error) => (this.#broken = error))
    client.on('end', () => (this.#broken ??= new Error('the server closed the connection')))
  }

  /** @throws PerfwrightError PW_OBSERVE_URI, PW_OBSERVE_LIBRARY, PW_OBSERVE_UNREACHABLE */
  static async open(uri: string): Promise<PostgresConnection> {
    const url = readServiceUri(uri, 'postgres://user:password@host:5432/database')
    const { default: pg } = await driver('pg', () => import('pg'))
    const place = `PostgreSQL at ${placeOf(url, 5432)}`
    const client = await connect(pg, uri).catch((error: unknown) => {
      throw unreachable(place, error, mendOf(error))
    })
    try {
      const answer = await client.query<{ number: string; text: string }>(
        `select ${MARK} current_setting('server_version_num') as number, version() as text`,
      )
      const { number = '0', text = '' } = answer.rows[0] ?? {}
      return new PostgresConnection(client, Number(number), /^\S+ \S+/.exec(text)?.[0] ?? 'PostgreSQL')
    } catch (error) {
      await client.end().catch(() => {})
      throw unreachable(place, error, 'Is this a PostgreSQL server?')
    }
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** Rows of one statement, which must hold `MARK`. @throws the driver's error, with `code` when the server refused it */
  async query<R extends object>(sql: string): Promise<R[]> {
    if (this.#broken !== undefined) throw this.#broken
    this.statements++
    return (await this.#client.query<R>(sql)).rows
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }
}

/**
 * The limits go as startup parameters, not as SET: behind a pooler a SET would stay on a server connection that the
 * application uses next, and make that read-only. A pooler that refuses them gets a plain connection; we only select.
 */
async function connect(pg: Pick<typeof Pg, 'Client'>, uri: string): Promise<Pg.Client> {
  const shared = {
    connectionString: uri,
    application_name: 'perfwright',
    connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
    query_timeout: 2 * STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  }
  const limits = `-c statement_timeout=${STATEMENT_TIMEOUT_MS} -c lock_timeout=1000 -c default_transaction_read_only=on`
  try {
    return await connected(new pg.Client({ ...shared, options: limits }))
  } catch (error) {
    if (!/unsupported startup parameter/i.test((error as Error).message)) throw error
    return await connected(new pg.Client(shared))
  }
}

async function connected(client: Pg.Client): Promise<Pg.Client> {
  // A connection that fails between two awaits would otherwise end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    void client.end().catch(() => {})
    throw error
  }
}

function mendOf(error: unknown): string {
  const { code } = error as { code?: string }
  if (code === '28P01' || code === '28000')
    return 'Check user and password; `create role perfwright login password ...; grant pg_monitor to perfwright`.'
  if (code === '3D000') return 'Name the database that the target uses: postgres://user:password@host/DATABASE.'
  if (code === '53300')
    return 'The server has no connection left for observing; raise max_connections, or use a superuser (reserved connections).'
  return 'Check host and port, and that pg_hba.conf lets this machine in.'
}
