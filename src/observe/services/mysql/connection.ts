/** Our own connection to a MySQL or MariaDB server: named, read-only, every statement bounded in time. */
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { driver, placeOf, readServiceUri, unreachable } from '../service-uri.js'

/** Stands in each of our statements, so that an administrator sees in the processlist whose they are. */
export const MARK = '/* perfwright */'
/** Begins each of our selects: comments do not survive in a digest, names do. */
export const SELECT: string = `select ${MARK} 1 as perfwright,`

const TIMEOUT_MS = 5000
export const EXAMPLE = 'mysql://user:password@host:3306/database'

export class MysqlConnection {
  readonly #connection: Connection
  readonly id: number
  /** `MariaDB 10.11.6`, `MySQL 8.4.2`. */
  readonly versionText: string
  readonly isMariaDb: boolean
  /** Statements that we ran. */
  statements = 0
  #broken: Error | undefined

  private constructor(connection: Connection, version: string) {
    this.#connection = connection
    this.id = connection.threadId
    this.isMariaDb = /mariadb/i.test(version)
    this.versionText = `${this.isMariaDb ? 'MariaDB' : 'MySQL'} ${/\d+\.\d+\.\d+/.exec(version.replace(/^5\.5\.5-/, ''))?.[0] ?? ''}`
    connection.on('error', (error: Error) => (this.#broken = error))
  }

  /** @throws PerfwrightError PW_OBSERVE_URI, PW_OBSERVE_LIBRARY, PW_OBSERVE_UNREACHABLE */
  static async open(uri: string): Promise<MysqlConnection> {
    const url = readServiceUri(uri, EXAMPLE)
    const mysql = await driver('mysql2', () => import('mysql2/promise'))
    const place = `MySQL at ${placeOf(url, 3306)}`
    try {
      const connection = await mysql.createConnection({
        host: url.hostname,
        port: Number(url.port || 3306),
        user: decodeURIComponent(url.username) || 'root',
        password: decodeURIComponent(url.password),
        ...(url.pathname.length > 1 ? { database: decodeURIComponent(url.pathname.slice(1)) } : {}),
        ...(/^(?:1|true|require|required)$/i.test(url.searchParams.get('ssl') ?? '') ? { ssl: {} } : {}),
        connectTimeout: TIMEOUT_MS,
        connectAttributes: { program_name: 'perfwright' },
        // Counters beyond 2^53 would be text otherwise; as many digits as a number holds are enough for differences.
        supportBigNumbers: true,
        decimalNumbers: true,
      })
      connection.on('error', () => {})
      await connection.query(`set ${MARK} session transaction read only`)
      const [rows] = await connection.query<RowDataPacket[]>(`${SELECT} version() as version`)
      return new MysqlConnection(connection, String(rows[0]?.['version'] ?? ''))
    } catch (error) {
      throw unreachable(place, error, mendOf(error))
    }
  }

  /** @throws the driver's error, with `errno` when the server refused the statement */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    if (this.#broken !== undefined) throw this.#broken
    this.statements++
    const [rows] = await this.#connection.query<RowDataPacket[]>({ sql, timeout: TIMEOUT_MS })
    return rows
  }

  async close(): Promise<void> {
    // A connection that was lost cannot say goodbye.
    if (this.#broken === undefined) await this.#connection.end().catch(() => {})
    this.#connection.destroy()
  }
}

function mendOf(error: unknown): string {
  const { code } = error as { code?: string }
  if (code === 'ER_ACCESS_DENIED_ERROR' || code === 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR') {
    return "Check user and password: create user perfwright identified by '...'; grant process on *.* to perfwright; grant select on performance_schema.* to perfwright."
  }
  if (code === 'ER_BAD_DB_ERROR' || code === 'ER_DBACCESS_DENIED_ERROR')
    return 'Leave the database out of the address, or name one that the user may see.'
  return 'Check host and port, and that the server lets this machine in.'
}
