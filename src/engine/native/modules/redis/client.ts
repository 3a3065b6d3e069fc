/** One `redis.Client` of a script: connects with its first command, and lives as long as its VU. */
import type { Cluster, Redis } from 'ioredis'
import type * as Ioredis from 'ioredis'
import type { VuScope } from '../../types.js'
import { RedisNetwork } from './network.js'
import type { RedisNode, RedisPlan } from './options.js'

export class RedisClient {
  readonly #library: typeof Ioredis
  readonly #vu: VuScope
  readonly #plan: RedisPlan
  #network: RedisNetwork | undefined
  #connection: Redis | Cluster | undefined

  constructor(library: typeof Ioredis, vu: VuScope, plan: RedisPlan) {
    this.#library = library
    this.#vu = vu
    this.#plan = plan
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** Made, not yet connected: k6 calls a client connected from here on. */
  open(): void {
    if (this.#connection !== undefined) return
    this.#network = new RedisNetwork(this.#vu, this.#plan)
    this.#connection = this.#create(this.#network)
    // Faults reach the script by its commands; without a listener they would be printed.
    this.#connection.on('error', () => {})
    this.#vu.onClose(() => this.close())
  }

  /** @throws Error with the server's text, or with Go's words for a connection that does not stand */
  async call(words: readonly string[]): Promise<unknown> {
    const [name = '', ...args] = words
    try {
      return await (this.#connection as Redis).call(name, ...args)
    } catch (error) {
      throw this.#explained(error as Error)
    } finally {
      this.#network?.count()
    }
  }

  close(): void {
    this.#connection?.disconnect()
    this.#connection = undefined
  }

  #create(network: RedisNetwork): Redis | Cluster {
    const { AbstractConnector, Cluster, Redis } = this.#library
    const plan = this.#plan
    if (plan.kind === 'cluster') {
      return new Cluster(
        plan.nodes.map(({ host, port }) => ({ host, port })),
        {
          redisOptions: { ...this.#options(), Connector: network.connector(AbstractConnector) },
          // Names are looked up by our own rules, when a connection is made.
          dnsLookup: (host, done) => done(null, host),
          maxRedirections: plan.maxRedirects,
          scaleReads: plan.readOnly ? 'slave' : 'master',
          lazyConnect: true,
          clusterRetryStrategy: (times) => this.#pause(times) ?? null,
          enableReadyCheck: false,
        },
      )
    }
    const find = plan.kind === 'sentinel' ? () => this.#askSentinels(network) : undefined
    const [node] = plan.nodes
    return new Redis({
      ...this.#options(),
      ...node,
      db: plan.database,
      Connector: network.connector(AbstractConnector, find),
    })
  }

  #options(): ConnectionOptions {
    const { username, password, maxRetries, dialTimeoutMs, readTimeoutMs } = this.#plan
    return {
      lazyConnect: true,
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      connectTimeout: dialTimeoutMs,
      // go-redis waits that long for each of its attempts; a command never waits for ever.
      commandTimeout: dialTimeoutMs + readTimeoutMs * (1 + Math.max(0, maxRetries)),
      maxRetriesPerRequest: Math.max(0, maxRetries),
      retryStrategy: (times) => this.#pause(times),
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
    }
  }

  /** Milliseconds before the next attempt; undefined when there is none. */
  #pause(times: number): number | undefined {
    const { maxRetries, minRetryBackoffMs, maxRetryBackoffMs } = this.#plan
    if (times > Math.max(0, maxRetries)) return undefined
    return Math.min(minRetryBackoffMs * 2 ** (times - 1), maxRetryBackoffMs)
  }

  async #askSentinels(network: RedisNetwork): Promise<RedisNode> {
    const { AbstractConnector, Redis } = this.#library
    const { nodes, masterName, sentinelUsername, sentinelPassword } = this.#plan
    let why = 'redis: all sentinels specified in configuration are unreachable'
    for (const node of nodes) {
      const sentinel = new Redis({
        ...node,
        lazyConnect: true,
        protocol: 2,
        enableReadyCheck: false,
        disableClientInfo: true,
        retryStrategy: () => null,
        ...(sentinelUsername === '' ? {} : { username: sentinelUsername }),
        ...(sentinelPassword === '' ? {} : { password: sentinelPassword }),
        Connector: network.connector(AbstractConnector),
      })
      sentinel.on('error', () => {})
      try {
        const answer = (await sentinel.call('SENTINEL', 'get-master-addr-by-name', masterName)) as string[] | null
        if (answer !== null) return { host: answer[0] ?? '', port: Number(answer[1]) }
      } catch (error) {
        why = `${why}: ${network.lastFault ?? (error as Error).message}`
      } finally {
        sentinel.disconnect()
      }
    }
    network.lastFault = why
    throw new Error(why)
  }

  #explained(error: Error): Error {
    if (error.name === 'ReplyError') return error
    // The library speaks of retries and closed connections; the script wants to know what is wrong with the server.
    const isTimeout = error.message === 'Command timed out'
    const fault = this.#network?.lastFault ?? (isTimeout ? 'i/o timeout' : undefined)
    return fault === undefined ? error : new Error(fault, { cause: error })
  }
}

/** What every connection has, whichever kind of client it belongs to. */
interface ConnectionOptions {
  readonly lazyConnect: true
  readonly protocol: 2
  readonly enableReadyCheck: false
  readonly disableClientInfo: true
  readonly connectTimeout: number
  readonly commandTimeout: number
  readonly maxRetriesPerRequest: number
  readonly retryStrategy: (times: number) => number | undefined
  readonly username?: string
  readonly password?: string
}
