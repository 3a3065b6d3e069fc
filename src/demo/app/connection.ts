/**
 * Database connections. A request takes one from the pool at its first query and gives it back when it ends, as most
 * frameworks' "session per request" does; so a connection is also held while the request waits for something else.
 */
import { Pool, type PoolClient } from 'pg'
import type { FaultName } from '../faults.js'
import { HttpError } from './http.js'

export type Row = Record<string, unknown>

export function createPool(databaseUrl: string, faults: ReadonlySet<FaultName>): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: poolSize(faults),
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 0,
    application_name: 'shop',
  })
  // A connection that breaks while idle is dropped by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

/** The fault `small-pool`. */
function poolSize(faults: ReadonlySet<FaultName>): number {
  return faults.has('small-pool') ? 2 : 16
}

export class RequestConnection {
  readonly #pool: Pool
  #client: Promise<PoolClient> | undefined
  queries = 0

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async query<R extends Row>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.#client ??= this.#takeFromPool()
    const client = await this.#client
    this.queries++
    return (await client.query<R>(text, values as unknown[])).rows
  }

  async #takeFromPool(): Promise<PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new HttpError(503, `no database connection: ${reason}`)
    }
  }

  async release(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    client?.release()
  }
}
