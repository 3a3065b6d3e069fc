/** The connections of one VU, kept as k6's http.Transport keeps them: last used first, a bounded number idle. */
import type { Cancel } from '#base/clock.js'
import { nowMs } from '#base/clock.js'
import { type Opening, Http2Pool } from '../http2/index.js'
import { Connection, type ConnectionOwner } from './connection.js'
import type { Shared } from './transport.js'
import type { DialEvents } from './dialer.js'
import type { Connections, DialOptions, Sending, Target, WireRequest, WireResponse } from './types.js'

export class VuConnections implements Connections, ConnectionOwner {
  readonly shared: Shared
  readonly vuId: number
  maxRequests?: number
  /** Oldest first. Most VUs have one. */
  readonly #idle: Connection[] = []
  /** With a request on them. */
  readonly #busy: Connection[] = []
  /** Undefined = HTTP/2 is not offered. */
  readonly #http2: Http2Pool | undefined

  constructor(shared: Shared, vuId: number) {
    this.shared = shared
    this.vuId = vuId
    this.#http2 =
      shared.alpn === undefined && shared.h2c.size === 0
        ? undefined
        : new Http2Pool(
            shared,
            (...request) => this.#startDial(...request),
            () => this.maxRequests ?? Number.POSITIVE_INFINITY,
          )
  }

  send(request: WireRequest, done: (response: WireResponse) => void): Cancel {
    const sending = this.start(request, done)
    const { sequence } = sending
    return () => sending.cancel(sequence)
  }

  start(request: WireRequest, done: (response: WireResponse) => void): Sending {
    const beganMs = nowMs()
    if (this.#mayBeHttp2(request.target)) {
      const sending = this.#http2?.send(request, done, beganMs)
      if (sending !== undefined) return sending
    }
    const connection = this.take(request.target)
    connection.begin(request, done, beganMs)
    return connection
  }

  dial(target: Target, events: DialEvents, how?: DialOptions): void {
    this.shared.dialer.dial(target, this.vuId, events, how)
  }

  #mayBeHttp2({ secure, host, port }: Target): boolean {
    return secure || (this.shared.h2c.size > 0 && this.shared.h2c.has(`${host}:${port}`))
  }

  #startDial(request: WireRequest, done: (response: WireResponse) => void, beganMs: number, attempts: number): Sending {
    const connection = this.take(request.target)
    connection.attempts = attempts
    connection.begin(request, done, beganMs)
    return connection
  }

  dialling(connection: Connection, target: Target): void {
    if (this.#mayBeHttp2(target)) this.#http2?.dialling(connection, target)
  }

  spokeHttp1(connection: Connection): void {
    this.#http2?.spokeHttp1(connection, connection.origin)
  }

  upgraded(
    connection: Connection,
    opening: Opening,
    request: WireRequest,
    done: (response: WireResponse) => void,
    beganMs: number,
  ): Sending {
    return (this.#http2 as Http2Pool).opened(connection, opening, request, done, beganMs)
  }

  get direct(): boolean {
    return this.shared.direct
  }

  take(target: Target): Connection {
    const idle = this.#idle
    const origin = target.origin
    for (let i = idle.length - 1; i >= 0; i--) {
      const connection = idle[i] as Connection
      if (connection.origin !== origin) continue
      if (i === idle.length - 1) idle.pop()
      else idle.splice(i, 1)
      this.#addBusy(connection)
      return connection
    }
    const connection = new Connection(this, target)
    this.#addBusy(connection)
    return connection
  }

  release(connection: Connection): void {
    const idle = this.#idle
    this.#removeBusy(connection)
    if (this.maxRequests !== undefined && connection.served >= this.maxRequests) {
      connection.close()
      return
    }
    if (idle.length > 0) {
      let same = 0
      for (const other of idle) if (other.origin === connection.origin) same++
      if (same >= this.shared.maxIdlePerHost) {
        connection.close()
        return
      }
    }
    idle.push(connection)
    if (idle.length > this.shared.maxIdle) (idle[0] as Connection).close()
  }

  forget(connection: Connection): void {
    this.#removeBusy(connection)
    const i = this.#idle.indexOf(connection)
    if (i >= 0) this.#idle.splice(i, 1)
    this.#http2?.settled(connection, connection.origin)
  }

  closeIdle(): void {
    for (const connection of this.#idle.slice()) connection.close()
    this.#http2?.closeIdle()
  }

  close(): void {
    this.closeIdle()
    for (const connection of this.#busy.slice()) connection.close()
    this.#http2?.close()
  }

  #addBusy(connection: Connection): void {
    connection.busyAt = this.#busy.push(connection) - 1
  }

  #removeBusy(connection: Connection): void {
    const at = connection.busyAt
    if (at < 0) return
    connection.busyAt = -1
    const last = this.#busy.pop() as Connection
    if (last === connection) return
    this.#busy[at] = last
    last.busyAt = at
  }
}
