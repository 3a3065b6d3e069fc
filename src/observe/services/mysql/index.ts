/** `mysql://user:password@host/database` (`mariadb://` alike): MySQL 5.7 and newer, MariaDB 10.5 and newer. */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { BoundedNames, byTag } from '../bounded-names.js'
import { Rates } from '../rates.js'
import { placeOf, readServiceUri, reasonOf } from '../service-uri.js'
import { EXAMPLE, MARK, MysqlConnection, SELECT } from './connection.js'
import { StatementDigests } from './digests.js'
import { LockWaits } from './lock-waits.js'
import { ServerStatus } from './status.js'

export function createMysqlCollector(uri: string): Collector {
  return new MysqlCollector(uri)
}

interface Source {
  readonly connection: MysqlConnection
  readonly status: ServerStatus
  /** Undefined when the server does not keep digests, or does not show them to us. */
  readonly digests: StatementDigests | undefined
  readonly lockWaits: LockWaits
}

class MysqlCollector implements Collector {
  readonly part = 'mysql'
  readonly costly = false
  readonly #uri: string
  readonly #states = new BoundedNames(100)
  #context!: CollectorContext
  #source: Source | undefined
  #name = 'MySQL'
  #openedNs: number | undefined
  #mayShowLocks = true
  #ended = { statements: 0, ms: 0 }

  constructor(uri: string) {
    this.#uri = uri
  }

  get describes(): string {
    return `${this.#name} at ${placeOf(readServiceUri(this.#uri, EXAMPLE), 3306)}`
  }

  async open(context: CollectorContext): Promise<void> {
    this.#leave()
    this.#context = context
    this.#openedNs ??= context.clock.nowNs()
    const connection = await MysqlConnection.open(this.#uri)
    this.#name = connection.versionText
    try {
      const settings = await connection.query(
        `show ${MARK} global variables where variable_name in ('max_connections', 'performance_schema')`,
      )
      const setting = (name: string): unknown => settings.find((row) => row['Variable_name'] === name)?.['Value']
      const limit = Number(setting('max_connections'))
      this.#source = {
        connection,
        status: new ServerStatus(connection, new Rates(context.clock), limit > 0 ? limit : undefined),
        digests: await this.#digests(connection, setting('performance_schema') === 'ON'),
        lockWaits: new LockWaits(connection, context),
      }
      await this.read()
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  async read(): Promise<Readings> {
    if (this.#source === undefined) return {}
    const { connection, status, digests, lockWaits } = this.#source
    const readings = await status.read()
    const states = await connection.query(
      `${SELECT} coalesce(nullif(state, ''), lower(command)) as state, count(*) as count
       from information_schema.processlist where id <> connection_id() and command <> 'Daemon' group by 2`,
    )
    const waiting = readings['waiting_lock']
    if (this.#mayShowLocks && typeof waiting === 'number' && waiting > 0) await this.#tellLocks(lockWaits)
    else lockWaits.none()
    return {
      ...readings,
      connections_by_state: byTag(
        'state',
        states.map((row) => [this.#states.keep(String(row['state']).slice(0, 60)), Number(row['count'])] as const),
      ),
      ...(await digests?.read()),
    }
  }

  cost(): Readonly<Record<string, number>> {
    const seconds = this.#openedNs === undefined ? 0 : (this.#context.clock.nowNs() - this.#openedNs) / 1e9
    if (seconds <= 0) return {}
    const statements = this.#ended.statements + (this.#source?.connection.statements ?? 0)
    const ms = this.#ended.ms + (this.#source?.digests?.ownMs ?? 0)
    const isTimed = this.#source?.digests !== undefined
    return { statementsPerS: statements / seconds, ...(isTimed ? { targetMsPerS: ms / seconds } : {}) }
  }

  async close(): Promise<void> {
    await this.#source?.connection.close()
  }

  async #digests(connection: MysqlConnection, isOn: boolean): Promise<StatementDigests | undefined> {
    if (!isOn) {
      this.#partial(
        'statements: performance_schema is off, as it is by default in MariaDB (in the [mysqld] section of my.cnf: performance_schema = ON, ' +
          "performance_schema_instrument = 'statement/%=ON', performance_schema_consumer_statements_digest = ON; then restart the server)",
      )
      return undefined
    }
    try {
      const consumers = await connection.query(
        `${SELECT} enabled from performance_schema.setup_consumers where name = 'statements_digest'`,
      )
      if (consumers[0]?.['enabled'] !== 'YES') {
        this.#partial(
          "statements: digests are switched off (update performance_schema.setup_consumers set enabled = 'YES' where name = 'statements_digest')",
        )
        return undefined
      }
      const digests = new StatementDigests(connection, this.#context)
      await digests.read()
      return digests
    } catch (error) {
      if ((error as { errno?: number }).errno === undefined) throw error
      this.#partial(`statements: ${reasonOf(error)} (grant select on performance_schema.* to this user)`)
      return undefined
    }
  }

  async #tellLocks(lockWaits: LockWaits): Promise<void> {
    try {
      await lockWaits.tell()
    } catch (error) {
      const { errno } = error as { errno?: number }
      // 1227: PROCESS is missing; 1142: SELECT is; 1109 and 1146: a version without the table.
      if (errno === undefined || ![1044, 1109, 1142, 1146, 1227].includes(errno)) throw error
      this.#mayShowLocks = false
      this.#partial(`lock waits: ${reasonOf(error)} (grant process on *.* to this user)`)
    }
  }

  #partial(why: string): void {
    this.#context.event('collector', { describes: this.describes, state: 'partial', why })
  }

  #leave(): void {
    if (this.#source === undefined) return
    this.#ended.statements += this.#source.connection.statements
    this.#ended.ms += this.#source.digests?.ownMs ?? 0
    this.#source = undefined
  }
}
