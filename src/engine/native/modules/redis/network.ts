/**
 * Connections of redis clients: through the run's own rules for names and addresses (`hosts`, `blockHostnames`,
 * `blacklistIPs`, `dns`, `localIPs`), with errors in k6's words, and with their bytes counted for the VU.
 */
import * as net from 'node:net'
import * as tls from 'node:tls'
import type { AbstractConnector } from 'ioredis'
import { dialFault } from '../../http1/faults.js'
import { localIpPool } from '../../http1/ip.js'
import { Resolver } from '../../http1/resolve.js'
import type { VuScope } from '../../types.js'
import type { RedisNode, RedisPlan } from './options.js'

type Connector = new (options: unknown) => AbstractConnector

export class RedisNetwork {
  readonly #vu: VuScope
  readonly #plan: RedisPlan
  readonly #resolver: Resolver
  readonly #localAddress: string | undefined
  readonly #sockets = new Map<net.Socket, { read: number; written: number }>()
  /** Why the last connection failed, in k6's words; undefined once one stands. */
  lastFault: string | undefined

  constructor(vu: VuScope, plan: RedisPlan) {
    this.#vu = vu
    this.#plan = plan
    this.#resolver = vu.shared('redis:resolver', () => new Resolver(vu.options))
    const { localIPs } = vu.options
    this.#localAddress = localIPs === undefined ? undefined : localIpPool(localIPs)?.(vu.id)
  }

  /**
   * The class that ioredis makes its connections with.
   * @param find  where to go instead of the options' own host and port (a sentinel's answer)
   */
  connector(Base: typeof AbstractConnector, find?: () => Promise<RedisNode>): Connector {
    const dial = (node: RedisNode): Promise<net.Socket> => this.#dial(node)
    class RulesConnector extends (Base as unknown as new (timeoutMs: number) => AbstractConnector) {
      readonly #node: RedisNode

      constructor(options: unknown) {
        super(1000)
        this.#node = options as RedisNode
      }

      override async connect(): Promise<net.Socket> {
        this.connecting = true
        const stream = await dial(find === undefined ? this.#node : await find())
        if (!this.connecting) {
          stream.destroy()
          throw new Error('Connection is closed.')
        }
        this.stream = stream
        stream.once('error', (error) => (this.firstError = error))
        return stream
      }
    }
    return RulesConnector as unknown as Connector
  }

  /** Adds what went over the wire since the last call to the VU's totals. */
  count(): void {
    for (const [socket, seen] of this.#sockets) {
      this.#vu.dataReceived += socket.bytesRead - seen.read
      this.#vu.dataSent += socket.bytesWritten - seen.written
      seen.read = socket.bytesRead
      seen.written = socket.bytesWritten
      if (socket.destroyed) this.#sockets.delete(socket)
    }
  }

  #dial({ host, port }: RedisNode): Promise<net.Socket> {
    return new Promise((resolve, reject) => {
      const fail = (text: string): void => {
        this.lastFault = text
        reject(new Error(text))
      }
      this.#resolver.resolve(host, port, (problem, ip, toPort) => {
        if (problem !== undefined) return fail(problem.detail)
        const localAddress = this.#localAddress
        const socket = net.connect({
          host: ip,
          port: toPort,
          noDelay: true,
          ...(localAddress === undefined ? {} : { localAddress }),
        })
        this.#sockets.set(socket, { read: 0, written: 0 })
        const address = ip.includes(':') ? `[${ip}]:${toPort}` : `${ip}:${toPort}`
        const failed = (error: Error): void => fail(dialFault(error, 'tcp', address, undefined).detail)
        socket.once('error', failed)
        socket.setTimeout(this.#plan.dialTimeoutMs, () => {
          socket.destroy()
          fail(`dial tcp ${address}: i/o timeout`)
        })
        socket.once('connect', () => {
          socket.setTimeout(0)
          socket.removeAllListeners('timeout')
          socket.removeListener('error', failed)
          if (this.#plan.tls === undefined) {
            this.lastFault = undefined
            resolve(socket)
          } else this.#secure(socket, host, resolve, fail)
        })
      })
    })
  }

  #secure(raw: net.Socket, host: string, done: (socket: net.Socket) => void, fail: (text: string) => void): void {
    const { ca = [], cert = '', key = '' } = this.#plan.tls ?? {}
    let socket: tls.TLSSocket
    try {
      socket = tls.connect({
        socket: raw,
        rejectUnauthorized: !this.#vu.options.insecureSkipTLSVerify,
        ...(net.isIP(host) === 0 ? { servername: host } : {}),
        ...(ca.length > 0 ? { ca: [...ca] } : {}),
        ...(cert !== '' && key !== '' ? { cert, key } : {}),
      })
    } catch (error) {
      raw.destroy()
      return fail(`tls: ${(error as Error).message}`)
    }
    const failed = (error: Error): void => {
      raw.destroy()
      fail(`tls: failed to verify certificate: ${error.message}`)
    }
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.removeListener('error', failed)
      this.lastFault = undefined
      done(socket)
    })
  }
}
