/** Who waits for whose row lock in InnoDB, as events. */
import type { CollectorContext } from '../../types.js'
import { withoutLiterals } from '../sql-text.js'
import { type MysqlConnection, SELECT } from './connection.js'

const MAX_WAITS_AT_ONCE = 10
const MAX_WAIT_EVENTS = 1000

export class LockWaits {
  readonly #connection: MysqlConnection
  readonly #context: CollectorContext
  /** Longest told wait by waiting and blocking thread, of waits that last. */
  #told = new Map<string, number>()
  #events = 0

  constructor(connection: MysqlConnection, context: CollectorContext) {
    this.#connection = connection
    this.#context = context
  }

  /** A wait is told when it is seen first, and again when it lasted three times as long as was told. */
  async tell(): Promise<void> {
    const told = new Map<string, number>()
    for (const wait of await this.#connection.query(this.#connection.isMariaDb ? mariaDb : mySql)) {
      const key = `${wait['waiting']} ${wait['blocked_by']}`
      const ms = Math.max(0, Math.round(Number(wait['ms'] ?? 0)))
      const before = this.#told.get(key)
      told.set(key, before ?? ms)
      if ((before !== undefined && ms < 3 * Math.max(1, before)) || this.#events >= MAX_WAIT_EVENTS) continue
      told.set(key, ms)
      this.#events++
      this.#context.event('lock-wait', {
        waiting: Number(wait['waiting']),
        sql: withoutLiterals(text(wait['sql'])),
        blockedBy: Number(wait['blocked_by']),
        bySql: withoutLiterals(text(wait['by_sql'])),
        byState: text(wait['by_state']) || 'unknown',
        lock: text(wait['lock']) || 'row',
        ...(text(wait['relation']) === ''
          ? {}
          : { relation: text(wait['relation']).replaceAll('`', '').slice(0, 200) }),
        ms,
      })
    }
    this.#told = told
  }

  none(): void {
    this.#told.clear()
  }
}

/** information_schema of MariaDB, and of MySQL 5.7. */
const mariaDb = `${SELECT} w.trx_mysql_thread_id as waiting, left(w.trx_query, 4000) as \`sql\`,
    b.trx_mysql_thread_id as blocked_by, left(b.trx_query, 4000) as by_sql,
    if(b.trx_query is null, 'idle in transaction', 'active') as by_state,
    concat(lower(l.lock_type), ' ', l.lock_mode) as \`lock\`, l.lock_table as relation,
    timestampdiff(microsecond, w.trx_wait_started, now(6)) / 1000 as ms
  from information_schema.innodb_lock_waits x
  join information_schema.innodb_trx w on w.trx_id = x.requesting_trx_id
  join information_schema.innodb_trx b on b.trx_id = x.blocking_trx_id
  left join information_schema.innodb_locks l on l.lock_id = x.requested_lock_id
  limit ${MAX_WAITS_AT_ONCE}`

/** performance_schema of MySQL 8. */
const mySql = `${SELECT} w.trx_mysql_thread_id as waiting, left(w.trx_query, 4000) as \`sql\`,
    b.trx_mysql_thread_id as blocked_by, left(b.trx_query, 4000) as by_sql,
    if(b.trx_query is null, 'idle in transaction', 'active') as by_state,
    concat(lower(l.lock_type), ' ', l.lock_mode) as \`lock\`, concat(l.object_schema, '.', l.object_name) as relation,
    timestampdiff(microsecond, w.trx_wait_started, now(6)) / 1000 as ms
  from performance_schema.data_lock_waits x
  join information_schema.innodb_trx w on w.trx_id = x.requesting_engine_transaction_id
  join information_schema.innodb_trx b on b.trx_id = x.blocking_engine_transaction_id
  left join performance_schema.data_locks l on l.engine_lock_id = x.requesting_engine_lock_id
  limit ${MAX_WAITS_AT_ONCE}`

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
