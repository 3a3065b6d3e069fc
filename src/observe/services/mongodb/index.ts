/** `mongodb://user:password@host/database` (`mongodb+srv://` alike): serverStatus, running operations, the profiler. */
import type { Db, Document, MongoClient } from 'mongodb'
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { Rates } from '../rates.js'
import { driver, reasonOf, unreachable, withoutPassword } from '../service-uri.js'
import { boundedText } from '../sql-text.js'
import { Profiler } from './profile.js'
import { shapeOf } from './shape.js'
import { statusReadings } from './status.js'

const TIMEOUT_MS = 4000
/** An operation that runs for longer is told of. */
const LONG_MS = 100
const MAX_EVENTS = 500

export function createMongodbCollector(uri: string): Collector {
  return new MongodbCollector(uri)
}

class MongodbCollector implements Collector {
  readonly part = 'mongodb'
  readonly costly = false
  readonly #uri: string
  #context!: CollectorContext
  #rates!: Rates
  #client: MongoClient | undefined
  #admin!: Db
  #profiler: Profiler | undefined
  #version = 'MongoDB'
  #commands = 0
  #ownBefore = 0
  #openedNs: number | undefined
  #maySeeOperations = true
  #told = new Map<string, number>()
  #events = 0

  constructor(uri: string) {
    this.#uri = uri
  }

  get describes(): string {
    const [, hosts = ''] = /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]*)/.exec(this.#uri) ?? []
    return `${this.#version} at ${hosts}`
  }

  async open(context: CollectorContext): Promise<void> {
    this.#context = context
    this.#rates = new Rates(context.clock)
    this.#openedNs ??= context.clock.nowNs()
    const { MongoClient } = await driver('mongodb', () => import('mongodb'))
    try {
      // The constructor throws for an address that it cannot read.
      this.#client = new MongoClient(this.#uri, {
        appName: 'perfwright',
        maxPoolSize: 1,
        ...(/[?&]serverSelectionTimeoutMS=/i.test(this.#uri) ? {} : { serverSelectionTimeoutMS: TIMEOUT_MS }),
        connectTimeoutMS: TIMEOUT_MS,
        socketTimeoutMS: TIMEOUT_MS,
        retryReads: false,
        readPreference: 'primaryPreferred',
      })
      await this.#client.connect()
      this.#admin = this.#client.db('admin')
      const status = await this.#command(this.#admin, { serverStatus: 1 })
      this.#version = `MongoDB ${boundedText(String(status['version'] ?? ''), 40)}`.trim()
      this.#readings(status)
      this.#profiler = await this.#profilerOf(this.#client.db())
    } catch (error) {
      await this.#client?.close().catch(() => {})
      const { code } = error as { code?: unknown }
      throw unreachable(
        `MongoDB (${withoutPassword(this.#uri)})`,
        error,
        code === 18 || code === 13
          ? 'Check user and password; db.createUser({ user: "perfwright", pwd: ..., roles: [{ role: "clusterMonitor", db: "admin" }] }).'
          : 'Check the address; a single member of a replica set needs ?directConnection=true.',
      )
    }
  }

  async read(): Promise<Readings> {
    const readings = this.#readings(await this.#command(this.#admin, { serverStatus: 1 }))
    const long = await this.#longOperations()
    return { ...readings, operations_long: long, ...(await this.#profiler?.read()) }
  }

  cost(): Readonly<Record<string, number>> {
    const seconds = this.#openedNs === undefined ? 0 : (this.#context.clock.nowNs() - this.#openedNs) / 1e9
    return seconds <= 0 ? {} : { statementsPerS: this.#commands / seconds }
  }

  async close(): Promise<void> {
    await this.#client?.close()
  }

  #readings(status: Document): Readings {
    const own = this.#commands - this.#ownBefore
    this.#ownBefore = this.#commands
    return statusReadings(status, this.#rates, own)
  }

  async #command(database: Db, command: Document): Promise<Document> {
    this.#commands++
    return await database.command(command)
  }

  async #profilerOf(database: Db): Promise<Profiler | undefined> {
    try {
      const answer = await this.#command(database, { profile: -1 })
      if (Number(answer['was']) > 0) return new Profiler(database, this.#context)
      this.#partial(
        `statements: the profiler of ${boundedText(database.databaseName, 60)} is off (db.setProfilingLevel(1, { slowms: 20 }); it costs a write for each noted operation)`,
      )
    } catch (error) {
      this.#partial(`statements: ${reasonOf(error)} (grant the role dbAdmin on the database, or clusterMonitor)`)
    }
    return undefined
  }

  /** Operations that run for 100 ms and more; each is told of when it is seen first and whenever it took thrice as long. */
  async #longOperations(): Promise<number | undefined> {
    if (!this.#maySeeOperations) return undefined
    const wanted = {
      active: true,
      microsecs_running: { $gte: LONG_MS * 1000 },
      appName: { $ne: 'perfwright' },
      op: { $ne: 'none' },
    }
    try {
      const pipeline = [{ $currentOp: { allUsers: true, idleConnections: false } }, { $match: wanted }, { $limit: 50 }]
      const answer = await this.#command(this.#admin, { aggregate: 1, pipeline, cursor: {} })
      const found = (answer['cursor'] as { firstBatch?: unknown } | undefined)?.firstBatch
      // What monitors a replica set waits for changes, for ever.
      const operations = (Array.isArray(found) ? (found as Document[]) : []).filter(
        (one) => one['ns'] !== 'local.oplog.rs' && !one['command']?.['hello'] && !one['command']?.['isMaster'],
      )
      for (const operation of operations) this.#tell(operation)
      const ids = new Set(operations.map((one) => String(one['opid'])))
      for (const id of this.#told.keys()) if (!ids.has(id)) this.#told.delete(id)
      return operations.length
    } catch (error) {
      if ((error as { code?: unknown }).code === undefined) throw error
      this.#maySeeOperations = false
      this.#partial(`running operations: ${reasonOf(error)} (grant the role clusterMonitor on admin)`)
      return undefined
    }
  }

  #tell(operation: Document): void {
    const id = String(operation['opid'])
    const ms = Math.round(Number(operation['microsecs_running']) / 1000)
    const before = this.#told.get(id)
    if ((before !== undefined && ms < 3 * before) || this.#events >= MAX_EVENTS) return
    this.#told.set(id, ms)
    this.#events++
    const plan = operation['planSummary'] === undefined ? '' : ` ${operation['planSummary']}`
    const waits = operation['waitingForLock'] === true ? ', waits for a lock' : ''
    const command = `${operation['ns']} ${shapeOf(operation['command'])}${plan}${waits}`
    this.#context.event('slow-command', { command: boundedText(command), ms })
  }

  #partial(why: string): void {
    this.#context.event('collector', { describes: this.describes, state: 'partial', why })
  }
}
