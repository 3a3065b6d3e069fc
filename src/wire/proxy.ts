/**
 * A proxy between a target and its database. Bytes go on as they come; beside that a reader of the protocol looks at
 * them. What it cannot read it says, and passes on: no client ever fails for our reading.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { type Clock, nowMs } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { Held } from './held.js'
import { createMongodbReader } from './mongodb/reader.js'
import { createMysqlReader } from './mysql/reader.js'
import { createPostgresReader } from './postgres/reader.js'
import type { Opening, Readers, WireReader } from './reader.js'
import { createRedisReader } from './redis/reader.js'
import { connectUpstream, type Upstream } from './upstream.js'
import type { Exchange } from './types.js'

const readers: Readers = {
  postgres: createPostgresReader,
  mysql: createMysqlReader,
  redis: createRedisReader,
  mongodb: createMongodbReader,
}

export interface ProxyOptions {
  readonly upstream: Upstream
  /** `127.0.0.1` and a free port unless told. */
  readonly host?: string
  readonly port?: number
  readonly clock: Clock
  readonly onExchange: (exchange: Exchange) => void
}

export interface ProxyCounts {
  readonly connections: number
  readonly exchanges: number
  /** Connections that were passed on unread from some point, and all reasons. */
  readonly unreadConnections: number
  readonly reasons: readonly string[]
}

export class WireProxy {
  readonly upstream: Upstream
  /** Each answer of the server is held back so long. */
  delayMs = 0
  readonly #options: ProxyOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #salt = randomBytes(16)
  readonly #reasons = new Set<string>()
  #connections = 0
  #exchanges = 0
  #unread = 0

  private constructor(options: ProxyOptions) {
    this.#options = options
    this.upstream = options.upstream
    this.#server = createServer({ noDelay: true }, (client) => this.#serve(client))
  }

  /** @throws PW_WIRE_UPSTREAM when nothing listens there, PW_WIRE_PORT when ours is taken */
  static async start(options: ProxyOptions): Promise<WireProxy> {
    const { upstream } = options
    const trial = await connectUpstream(upstream).catch((error: unknown) => {
      throw new PerfwrightError({
        code: 'PW_WIRE_UPSTREAM',
        message: `The database at ${upstream.host}:${upstream.port} cannot be reached: ${(error as Error).message}.`,
        where: '--db',
        fix: 'Start it, or name the host and port at which it listens.',
        exitCode: ExitCode.targetUnusable,
        cause: error,
      })
    })
    trial.destroy()
    const proxy = new WireProxy(options)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
    }).catch((error: unknown) => {
      throw new PerfwrightError({
        code: 'PW_WIRE_PORT',
        message: `The proxy cannot listen on port ${options.port ?? 0}: ${(error as Error).message}.`,
        where: '--listen',
        fix: 'Name a free port, or leave --listen out to get one.',
        exitCode: ExitCode.cannotListen,
        cause: error,
      })
    })
    proxy.#server.on('error', () => {})
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get counts(): ProxyCounts {
    return {
      connections: this.#connections,
      exchanges: this.#exchanges,
      unreadConnections: this.#unread,
      reasons: [...this.#reasons],
    }
  }

  /** Ends every connection; call it after the target has ended, for many die of a lost connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(client: Socket): void {
    const connection = ++this.#connections
    this.#hold(client)
    client.pause()
    connectUpstream(this.upstream).then(
      (server) => {
        this.#hold(server)
        if (client.destroyed) server.destroy()
        else this.#join(connection, client, server)
      },
      (error: Error) => {
        this.#reasons.add(`connection ${connection}: the database could not be reached (${error.message})`)
        client.destroy()
      },
    )
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #join(connection: number, client: Socket, server: Socket): void {
    const { clock, onExchange } = this.#options
    const { protocol, host, port } = this.upstream
    const name = `${host}:${port}`
    const toServer = new Held(clock, client, server)
    const toClient = new Held(clock, server, client)
    let reader: WireReader | undefined = readers[protocol]({
      tell: (exchange) => {
        this.#exchanges++
        onExchange({ ...exchange, protocol, server: name, connection })
      },
      unread: (why) => void this.#reasons.add(why),
      hash: (parts) => this.#hash(parts),
    })
    /** What the reader makes of it; once it fails, the connection is passed through. */
    const look = (side: 'client' | 'server', chunk: Buffer): Opening | undefined => {
      try {
        return reader?.[side](chunk, nowMs())
      } catch (error) {
        this.#unread++
        this.#reasons.add(`passed through unread: ${(error as Error).message}`)
        reader = undefined
        return undefined
      }
    }
    client.on('data', (chunk: Buffer) => {
      const opening = look('client', chunk)
      if (opening?.reply !== undefined) toClient.send(opening.reply, 0)
      toServer.send(opening?.forward ?? chunk, 0)
    })
    server.on('data', (chunk: Buffer) => {
      const opening = look('server', chunk)
      toClient.send(opening?.forward ?? chunk, this.delayMs)
    })
    client.on('end', () => toServer.end())
    server.on('end', () => toClient.end())
    // A side that breaks takes the other with it, as without us.
    client.on('close', () => {
      reader?.ended?.()
      server.destroy()
    })
    server.on('close', () => toClient.end())
    client.resume()
    server.resume()
  }

  #hash(parts: readonly (string | null | undefined)[]): string {
    const hash = createHmac('sha1', this.#salt)
    for (const part of parts) hash.update(part === null ? 'n' : part === undefined ? 'u' : `${part.length}:${part}`)
    return hash.digest('hex').slice(0, 16)
  }
}
