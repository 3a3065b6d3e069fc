/**
 * A client's connection to its server, as grpc-go keeps one: dialled by `connect`, dialled again by the next call when
 * it was lost. In k6 every client has one of its own.
 */
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Cancel } from '#base/clock.js'
import type { DialEvents } from '../../http1/dialer.js'
import type { Fault } from '../../http1/faults.js'
import type { Target } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import { quote } from '../http/go-text.js'
import { CallSession } from './session.js'

export interface ChannelOptions {
  /** As the script wrote it: `host:port`. */
  readonly address: string
  readonly plaintext: boolean
  /** Undefined = the run's own. */
  readonly secureContext: SecureContext | undefined
  /** '' = the address. */
  readonly authority: string
  /** Bytes of one message; 0 = gRPC's default. */
  readonly maxReceiveSize: number
  readonly maxSendSize: number
}

/** Why there is no connection. */
export interface DialProblem {
  /** grpc-go's words, without `connection error:` around them. */
  readonly text: string
  /** Another attempt may do better; k6 gives up at once otherwise. */
  readonly temporary: boolean
}

type Waiting = (session: CallSession | undefined, problem: DialProblem | undefined) => void

const defaultMaxReceive = 4_194_304
const defaultMaxSend = 2_147_483_647
/** grpc-go waits this long after a failed dial, and longer after every other (grpc's connection-backoff.md). */
const backoff = { firstMs: 1000, factor: 1.6, maxMs: 120_000 }

export class Channel {
  readonly vu: VuScope
  readonly options: ChannelOptions
  readonly maxReceiveSize: number
  readonly maxSendSize: number
  remoteIp = ''
  #session: CallSession | undefined
  #raw: Socket | undefined
  #bytesRead = 0
  #bytesWritten = 0
  #waiting: Waiting[] | undefined
  #closed = false
  #problem: DialProblem | undefined
  #retryAtNs = 0
  #backoffMs = 0
  #attempt: Attempt | undefined

  constructor(vu: VuScope, options: ChannelOptions) {
    this.vu = vu
    this.options = options
    this.maxReceiveSize = options.maxReceiveSize === 0 ? defaultMaxReceive : options.maxReceiveSize
    this.maxSendSize = options.maxSendSize === 0 ? defaultMaxSend : options.maxSendSize
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /**
   * Dials until there is a connection or `timeoutMs` have passed.
   * @param done  gets undefined, or k6's text for what went wrong
   */
  connect(timeoutMs: number, done: (problem: string | undefined) => void): Cancel {
    const { clock } = this.vu
    let over = false
    let cancelRetry: Cancel | undefined
    const finish = (problem: string | undefined): void => {
      if (over) return
      over = true
      cancelDeadline()
      cancelRetry?.()
      if (problem !== undefined) this.close()
      done(problem)
    }
    const expired = (): void => {
      const last = this.#problem
      const why = last === undefined ? '' : `: ${connectionError(last.text)}`
      finish(`context deadline exceeded${why}`)
    }
    const cancelDeadline = clock.coarseAt(clock.nowNs() + Math.max(0, timeoutMs) * 1e6, expired)
    const attempt = (): void => {
      this.ready((session, problem) => {
        if (over) return
        if (session !== undefined) finish(undefined)
        else if (!problem!.temporary) finish(connectionError(problem!.text))
        else cancelRetry = clock.coarseAt(this.#retryAtNs, attempt)
      })
    }
    attempt()
    return () => finish('context canceled')
  }

  /** A session to call on: at once when there is one, else after dialling. */
  ready(callback: Waiting): void {
    const session = this.#session
    if (session !== undefined && !session.isClosing) {
      callback(session, undefined)
      return
    }
    if (this.#closed) {
      callback(undefined, { text: 'the client connection is closing', temporary: false })
      return
    }
    if (this.#waiting !== undefined) {
      this.#waiting.push(callback)
      return
    }
    if (this.#problem !== undefined && this.vu.clock.nowNs() < this.#retryAtNs) {
      callback(undefined, this.#problem)
      return
    }
    this.#waiting = [callback]
    this.#dial()
  }

  /** Adds what went over the wire since the last time to the VU's transfer. */
  account(): void {
    const raw = this.#raw
    if (raw === undefined) return
    const { bytesRead, bytesWritten } = raw
    this.vu.dataReceived += bytesRead - this.#bytesRead
    this.vu.dataSent += bytesWritten - this.#bytesWritten
    this.#bytesRead = bytesRead
    this.#bytesWritten = bytesWritten
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.account()
    this.#attempt?.abandon()
    this.#attempt = undefined
    this.#session?.close()
    this.#session = undefined
    this.#raw = undefined
    this.#settle(undefined, { text: 'the client connection is closing', temporary: false })
  }

  #dial(): void {
    const target = targetOf(this.options)
    if (typeof target === 'string') {
      this.#failed({ text: `transport: error while dialing: ${target}`, temporary: false })
      return
    }
    const { secureContext, authority } = this.options
    const attempt = new Attempt(this, target.secure)
    this.#attempt = attempt
    this.vu.connections.dial(target, attempt, {
      direct: true,
      alpn: ['h2'],
      ...(secureContext === undefined ? {} : { secureContext }),
      ...(authority === '' ? {} : { serverName: authority.replace(/:\d+$/, '') }),
    })
  }

  /** @internal */
  opened(socket: Socket, raw: Socket): void {
    this.account()
    this.#raw = raw
    this.#bytesRead = 0
    this.#bytesWritten = 0
    this.remoteIp = raw.remoteAddress ?? ''
    const scheme = this.options.plaintext ? 'http' : 'https'
    const authority = this.options.authority === '' ? this.options.address : this.options.authority
    const session = new CallSession({
      socket,
      raw,
      direct: this.vu.connections.direct,
      scheme,
      authority,
      events: {
        ready: () => {
          this.#session = session
          this.#problem = undefined
          this.#backoffMs = 0
          this.#attempt = undefined
          this.#settle(session, undefined)
        },
        closing: (reason) => {
          this.account()
          if (this.#session === session) this.#session = undefined
          else if (!this.#closed) this.#failed({ text: `error reading server preface: ${reason}`, temporary: true })
        },
      },
    })
  }

  /** @internal */
  dialFailed(problem: DialProblem): void {
    this.#failed(problem)
  }

  #failed(problem: DialProblem): void {
    this.#attempt = undefined
    this.#problem = problem
    const { firstMs, factor, maxMs } = backoff
    this.#backoffMs = this.#backoffMs === 0 ? firstMs : Math.min(this.#backoffMs * factor, maxMs)
    this.#retryAtNs = this.vu.clock.nowNs() + this.#backoffMs * 1e6
    this.#settle(undefined, problem)
  }

  #settle(session: CallSession | undefined, problem: DialProblem | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return
    // A dial may fail before it returned; callers do not expect to be called back from inside their call.
    queueMicrotask(() => {
      for (const callback of waiting) callback(session, problem)
    })
  }
}

export function connectionError(text: string): string {
  return `connection error: desc = ${quote(text)}`
}

class Attempt implements DialEvents {
  readonly #channel: Channel
  readonly #secure: boolean
  #abandoned = false
  #isSecuring = false
  #socket: Socket | undefined

  constructor(channel: Channel, secure: boolean) {
    this.#channel = channel
    this.#secure = secure
  }

  get abandoned(): boolean {
    return this.#abandoned
  }

  abandon(): void {
    this.#abandoned = true
    this.#socket?.destroy()
  }

  connecting(socket: Socket): void {
    this.#socket = socket
  }

  connected(): void {}

  handshaking(): void {
    this.#isSecuring = true
  }

  opened(socket: Socket, raw: Socket): void {
    if (this.#secure && (socket as TLSSocket).alpnProtocol !== 'h2') {
      socket.destroy()
      this.#channel.dialFailed({
        text: 'transport: authentication handshake failed: credentials: cannot check peer: missing selected ALPN property. If you upgraded from a grpc-go version earlier than 1.67, your TLS connections may have stopped working due to ALPN enforcement. For more details, see: https://github.com/grpc/grpc-go/issues/434',
        temporary: true,
      })
      return
    }
    this.#channel.opened(socket, raw)
  }

  failed(fault: Fault): void {
    const securing = this.#isSecuring
    // HTTP's words for a plain answer; gRPC keeps those of TLS.
    const text = securing && fault.detail.startsWith('http: ') ? fault.error : fault.detail
    this.#channel.dialFailed({
      text: securing
        ? `transport: authentication handshake failed: ${text}`
        : `transport: error while dialing: ${text}`,
      temporary: securing,
    })
  }
}

const services: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** Where an address leads, or Go's text for why it leads nowhere. */
function targetOf({ address, plaintext }: ChannelOptions): Target | string {
  const bare = address.replace(/^(?:passthrough|dns):\/\/[^/]*\//, '')
  if (bare === '') return 'missing port in address'
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(bare)
  if (match === null) {
    const many = bare.split(':').length > 2
    return `address ${bare}: ${many ? 'too many colons' : 'missing port'} in address`
  }
  const [, literal, name, service = ''] = match
  const port = /^\d+$/.test(service) ? Number(service) : services[service]
  if (port === undefined) return `dial tcp: lookup tcp/${service}: unknown port`
  if (port > 65_535) return `dial tcp: address ${service}: invalid port`
  const host = (literal ?? name ?? '').toLowerCase()
  return {
    secure: !plaintext,
    // Go dials this machine when no host is given.
    host: host === '' ? 'localhost' : host,
    port,
    hostHeader: bare,
    path: '/',
    origin: `grpc://${bare}`,
    socketPath: undefined,
  }
}
