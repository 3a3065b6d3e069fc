/** SHOW GLOBAL STATUS as differences, and the limit of connections. */
import type { Readings } from '#record/observed.js'
import { type Rates, ratioOf } from '../rates.js'
import { MARK, type MysqlConnection } from './connection.js'

const names = [
  'Threads_connected',
  'Threads_running',
  'Questions',
  'Slow_queries',
  'Innodb_row_lock_waits',
  'Innodb_row_lock_time',
  'Innodb_row_lock_current_waits',
  'Innodb_buffer_pool_read_requests',
  'Innodb_buffer_pool_reads',
  'Innodb_rows_read',
  'Handler_read_rnd_next',
  'Handler_read_key',
  'Handler_read_next',
  'Handler_read_first',
  'Select_full_join',
  'Select_scan',
  'Created_tmp_disk_tables',
  'Aborted_connects',
  'Connection_errors_max_connections',
  'Innodb_deadlocks',
  'Table_locks_waited',
] as const

export class ServerStatus {
  readonly #connection: MysqlConnection
  readonly #rates: Rates
  readonly #connectionsLimit: number | undefined
  #ownBefore = 0

  constructor(connection: MysqlConnection, rates: Rates, connectionsLimit: number | undefined) {
    this.#connection = connection
    this.#rates = rates
    this.#connectionsLimit = connectionsLimit
  }

  async read(): Promise<Readings> {
    const rows = await this.#connection.query(
      `show ${MARK} global status where variable_name in (${names.map((name) => `'${name}'`).join()})`,
    )
    const own = this.#connection.statements - this.#ownBefore
    this.#ownBefore = this.#connection.statements
    const values = new Map(rows.map((row) => [String(row['Variable_name']), Number(row['Value'])]))
    const value = (name: (typeof names)[number]): number | undefined => {
      const found = values.get(name)
      return found === undefined || !Number.isFinite(found) ? undefined : found
    }
    const rates = this.#rates
    rates.begin()
    const perS = (name: (typeof names)[number]): number | undefined => rates.perS(name, value(name))
    const questions = rates.delta('Questions', value('Questions'))
    const asked = rates.delta('read requests', value('Innodb_buffer_pool_read_requests'))
    const missed = rates.delta('reads', value('Innodb_buffer_pool_reads'))
    const [joins, scans] = [perS('Select_full_join'), perS('Select_scan')]
    const [connected, running] = [value('Threads_connected'), value('Threads_running')]
    return {
      // Neither count has us.
      connections: connected === undefined ? undefined : Math.max(0, connected - 1),
      connections_active: running === undefined ? undefined : Math.max(0, running - 1),
      connections_limit: this.#connectionsLimit,
      queries_per_s:
        questions === undefined || rates.seconds <= 0 ? undefined : Math.max(0, questions - own) / rates.seconds,
      slow_queries_per_s: perS('Slow_queries'),
      row_lock_waits_per_s: perS('Innodb_row_lock_waits'),
      row_lock_wait_ms_per_s: perS('Innodb_row_lock_time'),
      waiting_lock: value('Innodb_row_lock_current_waits'),
      buffer_pool_hit_ratio: asked === undefined || missed === undefined ? undefined : ratioOf(asked - missed, missed),
      rows_read_per_s: perS('Innodb_rows_read') ?? this.#handlerReads(value),
      full_scans_per_s: joins === undefined || scans === undefined ? undefined : joins + scans,
      scanned_rows_per_s: perS('Handler_read_rnd_next'),
      temp_disk_tables_per_s: perS('Created_tmp_disk_tables'),
      deadlocks_per_s: perS('Innodb_deadlocks'),
      refused_connections_per_s: perS('Connection_errors_max_connections'),
    }
  }

  /** MariaDB has no Innodb_rows_read since 10.8: what storage engines were asked for is the nearest. */
  #handlerReads(value: (name: (typeof names)[number]) => number | undefined): number | undefined {
    const parts = ['Handler_read_rnd_next', 'Handler_read_key', 'Handler_read_next', 'Handler_read_first'] as const
    const total = parts.reduce((sum, name) => sum + (value(name) ?? Number.NaN), 0)
    return this.#rates.perS('handler reads', total)
  }
}
