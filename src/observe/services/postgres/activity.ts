/** pg_stat_activity: how many connections do what, what they wait for, and who stands in whose way. */
import type { Readings } from '#record/observed.js'
import type { CollectorContext } from '../../types.js'
import { BoundedNames, byTag } from '../bounded-names.js'
import { withoutLiterals } from '../sql-text.js'
import type { Abilities } from './abilities.js'
import { MARK, type PostgresConnection } from './connection.js'

/** Waits that are told of: pg_blocking_pids stops the lock manager for a moment, each time it is asked. */
const MAX_WAITS_AT_ONCE = 10
const MAX_WAIT_EVENTS = 1000

interface Group {
  readonly state: string
  readonly type: string | null
  readonly event: string | null
  readonly count: number
  readonly transaction_ms: number | null
}

interface LockWait {
  readonly waiting: number
  readonly sql: string
  readonly blocked_by: number
  readonly by_sql: string
  readonly by_state: string | null
  readonly lock: string | null
  readonly relation: string | null
  readonly ms: number | null
}

export class Activity {
  readonly #connection: PostgresConnection
  readonly #abilities: Abilities
  readonly #context: CollectorContext
  readonly #waitNames = new BoundedNames(150)
  /** Longest told wait by waiting and blocking pid, of waits that last. */
  #told = new Map<string, number>()
  #events = 0

  constructor(connection: PostgresConnection, abilities: Abilities, context: CollectorContext) {
    this.#connection = connection
    this.#abilities = abilities
    this.#context = context
  }

  async read(): Promise<Readings> {
    const groups = await this.#connection.query<Group>(
      `select ${MARK} coalesce(state, 'unknown') as state, wait_event_type as type, wait_event as event,
         count(*)::int as count, max(extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as transaction_ms
       from pg_stat_activity
       where backend_type in ('client backend', 'standalone backend') and application_name <> 'perfwright'
         and not (backend_type = 'standalone backend' and pid = pg_backend_pid())
       group by 1, 2, 3`,
    )
    const active = groups.filter((group) => group.state === 'active')
    const waiting = active.filter((group) => group.type !== null)
    const waitingLock = count(groups.filter((group) => group.type === 'Lock'))
    if (waitingLock > 0) await this.#tellLockWaits()
    else this.#told.clear()
    const ages = groups.map((group) => group.transaction_ms).filter((age) => age !== null)
    return {
      connections: byTag(
        'state',
        groups.map((group) => [group.state, group.count] as const),
      ),
      connections_active: count(active),
      connections_idle_in_transaction: count(groups.filter((group) => group.state.startsWith('idle in transaction'))),
      connections_limit: this.#abilities.connectionsLimit,
      waiting: this.#waits(waiting),
      waiting_lock: waitingLock,
      longest_transaction_ms: ages.length === 0 ? 0 : Math.max(0, ...ages),
    }
  }

  #waits(groups: readonly Group[]): Readings[string] {
    if (groups.length === 0) return undefined
    const sums = new Map<string, number>()
    for (const { type, event, count } of groups) {
      const name = this.#waitNames.keep(`${type}:${event}`)
      sums.set(name, (sums.get(name) ?? 0) + count)
    }
    return [...sums].map(([name, value]) => {
      const [type = '', event = type] = name.split(':')
      return { tags: { type, event }, value }
    })
  }

  /** A wait is told when it is seen first, and again when it lasted three times as long as was told. */
  async #tellLockWaits(): Promise<void> {
    const told = new Map<string, number>()
    for (const wait of await this.#lockWaits()) {
      const key = `${wait.waiting} ${wait.blocked_by}`
      const ms = Math.max(0, Math.round(wait.ms ?? 0))
      const before = this.#told.get(key)
      told.set(key, before ?? ms)
      if ((before !== undefined && ms < 3 * before) || this.#events >= MAX_WAIT_EVENTS) continue
      told.set(key, ms)
      this.#events++
      this.#context.event('lock-wait', {
        waiting: wait.waiting,
        sql: withoutLiterals(wait.sql),
        blockedBy: wait.blocked_by,
        bySql: withoutLiterals(wait.by_sql),
        byState: wait.by_state ?? 'unknown',
        lock: wait.lock ?? 'unknown',
        ...(wait.relation === null ? {} : { relation: wait.relation }),
        ms,
      })
    }
    this.#told = told
  }

  async #lockWaits(): Promise<LockWait[]> {
    // Before 14 nobody notes when a wait began: the statement's start is the nearest known.
    const since = this.#abilities.hasLockWaitStart ? 'coalesce(l.waitstart, w.query_start)' : 'w.query_start'
    return await this.#connection.query<LockWait>(
      `select ${MARK} w.pid as waiting, left(w.query, 4000) as sql, b.pid as blocked_by, left(b.query, 4000) as by_sql,
         b.state as by_state, l.locktype || ' ' || l.mode as lock,
         coalesce(l.relation, r.relation)::regclass::text as relation,
         (extract(epoch from clock_timestamp() - ${since}) * 1000)::float8 as ms
       from (
         select pid, query, query_start, pg_blocking_pids(pid) as blockers from pg_stat_activity
         where wait_event_type = 'Lock' order by query_start limit ${MAX_WAITS_AT_ONCE}
       ) w
       cross join lateral unnest(w.blockers) as blocker
       join pg_stat_activity b on b.pid = blocker
       left join pg_locks l on l.pid = w.pid and not l.granted
       left join pg_locks r on r.pid = w.pid and r.locktype = 'tuple' and r.granted
       limit ${3 * MAX_WAITS_AT_ONCE}`,
    )
  }
}

function count(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + group.count, 0)
}
