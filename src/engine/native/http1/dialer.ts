/**
 * Opens connections: DNS, TCP or unix socket, proxy, TLS. One attempt each, no happy eyeballs: k6 picks one address and
 * dials that.
 */
import * as net from 'node:net'
import * as tls from 'node:tls'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Options } from '#config/types.js'
import { dialFault, dialTimeout, type Fault, fault, ioFault } from './faults.js'
import { localIpPool } from './ip.js'
import { connectThrough, type Proxies, type Proxy, readProxyEnv } from './proxy.js'
import { Resolver } from './resolve.js'
import { TlsContexts } from './tls-context.js'
import { tlsFault, verifyPeer } from './tls-faults.js'
import type { DialOptions, Target } from './types.js'

/** Go's net.Dialer in k6 gives up after this, whatever the request's own timeout. */
const dialTimeoutMs = 30_000

/** What a dial reports to, in this order; after `failed` or `opened` nothing more. */
export interface DialEvents {
  /** TCP connect begins; `socket` from now on must be destroyed to give up. */
  connecting(socket: net.Socket, ip: string, port: number): void
  connected(): void
  handshaking(): void
  /**
   * `raw` carries the bytes below TLS; equal to `socket` without TLS. `tunnelled` = plain, through a proxy: its bytes come
   * as events, not by the shared buffer.
   */
  opened(socket: net.Socket, raw: net.Socket, tunnelled: boolean): void
  failed(fault: Fault): void
  /** True when nobody waits any more. */
  readonly abandoned: boolean
}

export class Dialer {
  readonly #resolver: Resolver
  readonly #contexts: TlsContexts
  readonly #localIp: ((vuId: number) => string) | undefined
  readonly #insecure: boolean
  readonly proxies: Proxies
  readonly #onread: net.OnReadOpts

  constructor(options: Options, proxyEnv: Readonly<Record<string, string>>, onread: net.OnReadOpts) {
    this.#resolver = new Resolver(options)
    this.#contexts = new TlsContexts(options)
    this.#localIp = options.localIPs === undefined ? undefined : localIpPool(options.localIPs)
    if (options.localIPs !== undefined && this.#localIp === undefined) {
      throw new PerfwrightError({
        code: 'PW_HTTP_LOCAL_IPS',
        message: `localIPs ${JSON.stringify(options.localIPs)} is no list of addresses, ranges and CIDRs.`,
        fix: 'Write it as 192.168.1.1-192.168.1.9,10.0.0.0/24.',
        exitCode: ExitCode.invalidConfig,
      })
    }
    this.#insecure = options.insecureSkipTLSVerify
    this.proxies = readProxyEnv(proxyEnv)
    this.#onread = onread
  }

  dial(target: Target, vuId: number, events: DialEvents, how: DialOptions = {}): void {
    if (target.socketPath !== undefined) {
      const where = { path: target.socketPath, onread: this.#onread }
      this.#connect(where, target.socketPath, 0, undefined, target, events, how)
      return
    }
    const proxy = how.direct === true ? undefined : this.proxies.for(target)
    const localAddress = this.#localIp?.(vuId)
    // A proxy resolves the name, so it would not be seen below.
    const refusal = proxy === undefined ? undefined : this.#resolver.refusal(target.host)
    if (refusal !== undefined) {
      events.failed(refusal)
      return
    }
    const host = proxy?.host ?? target.host
    this.#resolver.resolve(host, proxy?.port ?? target.port, (problem, ip, port) => {
      if (events.abandoned) return
      if (problem !== undefined) {
        events.failed(proxy === undefined ? problem : proxyFault(problem))
        return
      }
      const where = localAddress === undefined ? { host: ip, port } : { host: ip, port, localAddress }
      // A socket that TLS or a CONNECT will be layered on delivers its bytes the ordinary way.
      const direct = proxy === undefined || !(target.secure || how.tunnel)
      this.#connect(
        direct && !target.secure ? { ...where, noDelay: true, onread: this.#onread } : { ...where, noDelay: true },
        ip,
        port,
        proxy,
        target,
        events,
        how,
      )
    })
  }

  #connect(
    where: net.NetConnectOpts,
    ip: string,
    port: number,
    proxy: Proxy | undefined,
    target: Target,
    events: DialEvents,
    how: DialOptions,
  ): void {
    const unix = target.socketPath !== undefined
    const address = unix ? ip : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
    const local = 'localAddress' in where && where.localAddress !== undefined ? `${where.localAddress}:0` : undefined
    let socket: net.Socket
    try {
      socket = net.connect(where)
    } catch (error) {
      events.failed(fault(1000, String((error as Error).message)))
      return
    }
    const wrap = (problem: Fault): Fault => (proxy === undefined ? problem : proxyFault(problem))
    const timer = setTimeout(() => {
      socket.destroy()
      if (!events.abandoned) events.failed(wrap(dialTimeout))
    }, dialTimeoutMs)
    const failed = (error: Error): void => {
      clearTimeout(timer)
      if (!events.abandoned) events.failed(wrap(dialFault(error, unix ? 'unix' : 'tcp', address, local)))
    }
    const closed = (): void => clearTimeout(timer)
    socket.on('error', failed)
    socket.on('close', closed)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', failed)
      socket.removeListener('close', closed)
      if (events.abandoned) {
        socket.destroy()
        return
      }
      events.connected()
      const through = proxy !== undefined && (target.secure || how.tunnel === true)
      const reached = (): void => {
        if (target.secure) this.#handshake(socket, target, events, how)
        else events.opened(socket, socket, through)
      }
      if (through) connectThrough(socket, proxy, target, events, reached)
      else reached()
    })
    events.connecting(socket, unix ? '' : ip, port)
  }

  #handshake(raw: net.Socket, target: Target, events: DialEvents, how: DialOptions): void {
    events.handshaking()
    const host = how.serverName ?? target.host
    let socket: tls.TLSSocket
    try {
      socket = tls.connect({
        socket: raw,
        // A name goes into SNI, an address does not.
        ...(net.isIP(host) === 0 ? { servername: host } : {}),
        ALPNProtocols: how.alpn?.slice() ?? ['http/1.1'],
        secureContext: how.secureContext ?? this.#contexts.for(target.host),
        // Judged by verifyPeer, in Go's order and words, before a byte of the request leaves.
        rejectUnauthorized: false,
      })
    } catch (error) {
      raw.destroy()
      events.failed(fault(1000, String((error as Error).message)))
      return
    }
    let over = false
    const fail = (problem: Fault): void => {
      if (over) return
      over = true
      socket.destroy()
      raw.destroy()
      if (!events.abandoned) events.failed(problem)
    }
    const local = `${raw.localAddress}:${raw.localPort}`
    const remote = `${raw.remoteAddress}:${raw.remotePort}`
    const failed = (error: NodeJS.ErrnoException): void => {
      // Node calls a close in mid-handshake a reset without a system call.
      if (error.code === 'ECONNRESET' && error.syscall === undefined) ended()
      else if (error.syscall === 'read' || error.syscall === 'write') fail(ioFault(error, 'tcp', local, remote))
      else fail(tlsFault(error))
    }
    const ended = (): void => fail(fault(1000, 'EOF'))
    socket.on('error', failed)
    raw.on('error', failed)
    socket.on('close', ended)
    socket.on('end', ended)
    socket.once('secureConnect', () => {
      if (over) return
      if (events.abandoned) return fail(fault(1000, 'EOF'))
      const problem = this.#insecure ? undefined : verifyPeer(socket, host)
      if (problem !== undefined) return fail(problem)
      over = true
      socket.removeListener('error', failed)
      raw.removeListener('error', failed)
      socket.removeListener('close', ended)
      socket.removeListener('end', ended)
      events.opened(socket, raw, false)
    })
  }
}

/** Go says `proxyconnect tcp: ` before what went wrong on the way to a proxy, and k6 then has no finer code. */
function proxyFault(problem: Fault): Fault {
  const text = `proxyconnect tcp: ${problem.detail}`
  return problem.code === 1110 || problem.code === 1111 || problem.code === 1211 ? problem : fault(1200, text)
}
