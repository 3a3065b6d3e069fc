/** pg_stat_database and pg_stat_user_tables: what the database as a whole and each table had to do. */
import type { Readings } from '#record/observed.js'
import { BoundedNames, byTag } from '../bounded-names.js'
import { type Rates, ratioOf } from '../rates.js'
import { MARK, type PostgresConnection } from './connection.js'

const MAX_TABLES = 200
/** The size of a database is found by looking at each of its files. */
const SIZE_EVERY = 60

interface DatabaseRow {
  readonly commits: number
  readonly rollbacks: number
  readonly deadlocks: number
  readonly hit: number
  readonly read: number
  readonly temp: number
}

interface TableRow {
  readonly name: string
  readonly seq_rows: number
  readonly index_rows: number
}

export class DatabaseStatistics {
  readonly #connection: PostgresConnection
  readonly #rates: Rates
  readonly #tables = new BoundedNames(MAX_TABLES)
  #readings = 0
  #ownBefore = 0

  constructor(connection: PostgresConnection, rates: Rates) {
    this.#connection = connection
    this.#rates = rates
  }

  async read(): Promise<Readings> {
    const [row] = await this.#connection.query<DatabaseRow>(
      `select ${MARK} xact_commit::float8 as commits, xact_rollback::float8 as rollbacks,
         deadlocks::float8 as deadlocks, blks_hit::float8 as hit, blks_read::float8 as read, temp_bytes::float8 as temp
       from pg_stat_database where datname = current_database()`,
    )
    const tables = await this.#connection.query<TableRow>(
      `select ${MARK} case schemaname when 'public' then relname else schemaname || '.' || relname end as name,
         seq_tup_read::float8 as seq_rows, coalesce(idx_tup_fetch, 0)::float8 as index_rows
       from pg_stat_user_tables where seq_scan > 0 or idx_scan > 0
       order by seq_tup_read + coalesce(idx_tup_fetch, 0) desc limit ${MAX_TABLES}`,
    )
    const rates = this.#rates
    rates.begin()
    // Each of our statements is a transaction of its own.
    const own = this.#connection.statements - this.#ownBefore
    this.#ownBefore = this.#connection.statements
    const transactions = rates.delta('transactions', row && row.commits + row.rollbacks)
    const [hit, read] = [rates.delta('hit', row?.hit), rates.delta('read', row?.read)]
    const perS = (grown = 0): number => (rates.seconds > 0 ? grown / rates.seconds : 0)
    // A table appears here with its first scan; in a list that was cut, also when it overtakes another one.
    const growth = tables.length < MAX_TABLES ? rates.grown.bind(rates) : rates.delta.bind(rates)
    const perTable = tables.map(({ name, seq_rows, index_rows }) => ({
      name,
      seq: perS(growth(`seq ${name}`, seq_rows)),
      all: perS(growth(`all ${name}`, seq_rows + index_rows)),
    }))
    return {
      transactions_per_s:
        transactions === undefined || rates.seconds <= 0 ? undefined : Math.max(0, transactions - own) / rates.seconds,
      rollbacks_per_s: rates.perS('rollbacks', row?.rollbacks),
      deadlocks_per_s: rates.perS('deadlocks', row?.deadlocks),
      cache_hit_ratio: ratioOf(hit, read),
      blocks_read_per_s: rates.seconds > 0 && read !== undefined ? read / rates.seconds : undefined,
      temp_bytes_per_s: rates.perS('temp', row?.temp),
      rows_read_per_s: rates.seconds > 0 ? perTable.reduce((sum, table) => sum + table.all, 0) : undefined,
      seq_rows_read_per_s: byTag(
        'table',
        perTable.filter((table) => table.seq > 0).map((table) => [this.#tables.keep(table.name), table.seq] as const),
      ),
      database_bytes: this.#readings++ % SIZE_EVERY === 0 ? await this.#size() : undefined,
    }
  }

  async #size(): Promise<number | undefined> {
    const [row] = await this.#connection.query<{ bytes: number }>(
      `select ${MARK} pg_database_size(current_database())::float8 as bytes`,
    )
    return row?.bytes
  }
}
