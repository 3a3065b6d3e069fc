/** `redis://[user:password@]host:port[/db]`, `rediss://` with TLS: a Redis server (or one that speaks as it does). */
import type { Redis } from 'ioredis'
import type { Reading, Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { BoundedNames, byTag } from '../bounded-names.js'
import { Rates, ratioOf } from '../rates.js'
import { driver, placeOf, readServiceUri, reasonOf, unreachable } from '../service-uri.js'
import { RedisInfo } from './info.js'
import { LOOK, SlowLog } from './slow-log.js'

const OWN_NAME = 'perfwright'
const EXAMPLE = 'redis://user:password@host:6379/0'
const rights = '+info +ping +slowlog|get +latency|latest +config|get +client|setname +select'
const TIMEOUT_MS = 3000

export function createRedisCollector(uri: string): Collector {
  return new RedisCollector(uri)
}

class RedisCollector implements Collector {
  readonly part = 'redis'
  readonly costly = false
  readonly #uri: string
  readonly #commandNames = new BoundedNames(200)
  readonly #latencyNames = new BoundedNames(30)
  /** Calls that we made since the last reading, by command as the server names it. */
  readonly #own = new Map<string, number>()
  #ownCalls = 0
  #context!: CollectorContext
  #rates!: Rates
  #slowLog!: SlowLog
  #client: Redis | undefined
  #version = 'Redis'
  #maxClients: number | undefined
  #hasSlowLog = true
  #hasLatency = true
  #latest = new Map<string, string>()
  #cost = { calls: 0, ms: 0, seconds: 0 }

  constructor(uri: string) {
    this.#uri = uri
  }

  get describes(): string {
    return `${this.#version} at ${placeOf(readServiceUri(this.#uri, EXAMPLE), 6379)}`
  }

  async open(context: CollectorContext): Promise<void> {
    const url = readServiceUri(this.#uri, EXAMPLE)
    this.#context = context
    this.#rates = new Rates(context.clock)
    this.#slowLog = new SlowLog(context)
    this.#latest.clear()
    this.#own.clear()
    this.#ownCalls = 0
    const { Redis } = await driver('ioredis', () => import('ioredis'))
    const client = new Redis(this.#uri, {
      lazyConnect: true,
      connectionName: OWN_NAME,
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      disableClientInfo: true,
      maxRetriesPerRequest: 0,
      // The runner opens anew what has failed.
      retryStrategy: () => null,
    })
    // Failures reach us by the commands; the event's words are kept, because those of the command say only "closed".
    let why: unknown
    client.on('error', (error) => (why = error))
    this.#client = client
    try {
      await client.connect()
      await this.#takeFirst()
    } catch (error) {
      client.disconnect()
      // The command says "Connection is closed" where the event has the server's words, and sometimes the other way.
      const isAuth = (cause: unknown): boolean => /WRONGPASS|NOAUTH|NOPERM|invalid password/i.test(reasonOf(cause))
      const cause = [error, why].find(isAuth)
      throw unreachable(
        `Redis at ${placeOf(url, 6379)}`,
        cause ?? why ?? error,
        cause === undefined
          ? 'Check host and port; rediss:// when the server wants TLS.'
          : `Name user and password in the URI, of one who may: ACL SETUSER perfwright on >PASSWORD ${rights}.`,
      )
    }
  }

  async read(): Promise<Readings> {
    const clock = this.#context.clock
    const sentNs = clock.nowNs()
    await this.#call('ping')
    const latencyMs = (clock.nowNs() - sentNs) / 1e6
    const readings = this.#readings(await this.#info())
    const slow = await this.#slow()
    return {
      ...readings,
      latency_ms: latencyMs,
      slow_commands_per_s: slow,
      latency_event_ms: await this.#latency(),
    }
  }

  cost(): Readonly<Record<string, number>> {
    const { calls, ms, seconds } = this.#cost
    return seconds <= 0 ? {} : { statementsPerS: calls / seconds, targetMsPerS: ms / seconds }
  }

  async close(): Promise<void> {
    this.#client?.disconnect()
  }

  async #takeFirst(): Promise<void> {
    const info = await this.#info()
    this.#readings(info)
    const product = info.text('valkey_version') === undefined ? 'Redis' : 'Valkey'
    this.#version = `${product} ${info.text('valkey_version') ?? info.text('redis_version') ?? ''}`.trim()
    this.#maxClients = info.number('maxclients') ?? (await this.#configured('maxclients'))
    await this.#slow()
    await this.#latency()
  }

  async #info(): Promise<RedisInfo> {
    return new RedisInfo(String(await this.#call('info', 'all')))
  }

  #readings(info: RedisInfo): Readings {
    const rates = this.#rates
    rates.begin()
    const commands = rates.delta('commands', info.number('total_commands_processed'))
    const hits = rates.delta('hits', info.number('keyspace_hits'))
    const misses = rates.delta('misses', info.number('keyspace_misses'))
    const cpu = (info.number('used_cpu_user') ?? Number.NaN) + (info.number('used_cpu_sys') ?? Number.NaN)
    const clients = info.number('connected_clients')
    const readings = {
      clients: clients === undefined ? undefined : Math.max(0, clients - 1),
      clients_blocked: info.number('blocked_clients'),
      clients_limit: info.number('maxclients') ?? this.#maxClients,
      commands_per_s:
        commands === undefined || rates.seconds <= 0
          ? undefined
          : Math.max(0, commands - this.#ownCalls) / rates.seconds,
      ...this.#commands(info),
      cpu_cores: rates.perS('cpu', cpu),
      memory_bytes: info.number('used_memory'),
      memory_limit_bytes: info.number('maxmemory') || undefined,
      evictions_per_s: rates.perS('evictions', info.number('evicted_keys')),
      hit_ratio: ratioOf(hits, misses),
      keys: info.keys(),
      error_replies_per_s: rates.perS('errors', info.number('total_error_replies')),
      rejected_connections_per_s: rates.perS('rejected', info.number('rejected_connections')),
      output_bytes_per_s: rates.perS('output', info.number('total_net_output_bytes')),
    }
    this.#own.clear()
    this.#ownCalls = 0
    return readings
  }

  #commands(info: RedisInfo): Readings {
    const calls: [string, number][] = []
    const ms: [string, number][] = []
    const { seconds } = this.#rates
    for (const command of info.commands()) {
      const called = this.#rates.grown(`calls ${command.name}`, command.calls)
      const micros = this.#rates.grown(`usec ${command.name}`, command.micros)
      if (called === undefined || micros === undefined || called === 0 || seconds <= 0) continue
      // Others may ask for INFO too; of their time nobody knows but the share.
      const own = Math.min(called, this.#own.get(command.name) ?? 0)
      this.#cost.calls += own
      this.#cost.ms += (micros / 1000) * (own / called)
      if (called === own) continue
      const name = this.#commandNames.keep(command.name)
      calls.push([name, (called - own) / seconds])
      ms.push([name, ((micros / 1000) * (1 - own / called)) / seconds])
    }
    this.#cost.seconds += seconds
    return { command_calls_per_s: byTag('command', calls), command_ms_per_s: byTag('command', ms) }
  }

  async #slow(): Promise<number | undefined> {
    if (!this.#hasSlowLog) return undefined
    const answer = await this.#optional('slowlog', 'get', String(LOOK))
    this.#hasSlowLog = answer !== undefined
    const fresh = answer === undefined ? undefined : this.#slowLog.take(answer, OWN_NAME)
    return fresh === undefined || this.#rates.seconds <= 0 ? undefined : fresh / this.#rates.seconds
  }

  /** LATENCY LATEST: event, Unix seconds of its latest spike, its milliseconds, the maximum ever. */
  async #latency(): Promise<Reading> {
    if (!this.#hasLatency) return undefined
    const answer = await this.#optional('latency', 'latest')
    this.#hasLatency = answer !== undefined
    const fresh: [string, number][] = []
    const isFirst = this.#latest.size === 0 && this.#rates.seconds <= 0
    for (const entry of Array.isArray(answer) ? answer : []) {
      if (!Array.isArray(entry)) continue
      const [event, ms] = [String(entry[0]), Number(entry[2])]
      // Of several in one second the server keeps the longest.
      const spike = `${entry[1]} ${ms}`
      const isNew = this.#latest.get(event) !== spike && !isFirst
      const name = this.#latencyNames.keep(event)
      if (this.#latencyNames.has(event)) this.#latest.set(event, spike)
      if (isNew && Number.isFinite(ms)) fresh.push([name, ms])
    }
    return byTag('event', fresh)
  }

  async #configured(name: string): Promise<number | undefined> {
    const answer = await this.#optional('config', 'get', name)
    const value = Array.isArray(answer) ? Number(answer[1]) : Number.NaN
    return Number.isFinite(value) ? value : undefined
  }

  /** Undefined when the server refuses the command; told once. */
  async #optional(name: string, ...args: string[]): Promise<unknown> {
    try {
      return await this.#call(name, ...args)
    } catch (error) {
      if ((error as Error).name !== 'ReplyError') throw error
      const why = `${name.toUpperCase()}: ${reasonOf(error)} (ACL SETUSER ... +${name})`
      this.#context.event('collector', { describes: this.describes, state: 'partial', why })
      return undefined
    }
  }

  async #call(name: string, ...args: string[]): Promise<unknown> {
    const answer = await (this.#client as Redis).call(name, ...args)
    this.#ownCalls++
    // Since Redis 7 sub-commands are counted by themselves.
    const hasSub = name === 'slowlog' || name === 'latency' || name === 'config'
    for (const counted of hasSub ? [name, `${name}|${args[0]}`] : [name])
      this.#own.set(counted, (this.#own.get(counted) ?? 0) + 1)
    return answer
  }
}
