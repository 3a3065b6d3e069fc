/** What gRPC adds to an HTTP/2 connection: header lists that are made once, room for calls, and grpc-go's words. */
import type { Socket } from 'node:net'
import { ioFault } from '../../http1/faults.js'
import { tlsFault } from '../../http1/tls-faults.js'
import {
  errorName,
  type Fields,
  type Http2Session,
  type Http2Stream,
  type Loss,
  openSession,
  type StreamListener,
} from '../../http2/index.js'
import { goQuote } from '../../http1/go-quote.js'

export interface CallSessionOptions {
  /** As the dialer gives them. */
  readonly socket: Socket
  readonly raw: Socket
  /** `Connections.direct`. */
  readonly direct: boolean
  readonly scheme: 'http' | 'https'
  readonly authority: string
  readonly events: CallSessionEvents
}

/** Hears of the connection as a whole. */
export interface CallSessionEvents {
  /** The peer's first SETTINGS are in. */
  ready(): void
  /** No new streams from now on (GOAWAY, or the connection is gone). Comes once, and not after `close`. */
  closing(reason: string): void
}

/** A call for which the server has no room yet. */
export interface WaitingCall extends StreamListener {
  /** There is room now: time to `open`. */
  begin(): void
}

export class CallSession {
  readonly #session: Http2Session
  readonly #scheme: string
  readonly #authority: string
  readonly #local: string
  readonly #remote: string
  #events: CallSessionEvents | undefined
  #isReady = false
  readonly #waiting = new Set<WaitingCall>()
  /** By path and the call's own metadata: equal arrays are equal headers to the session. */
  readonly #lists = new Map<string, { readonly headers: Fields; readonly fields: Fields }>()

  constructor({ socket, raw, direct, scheme, authority, events }: CallSessionOptions) {
    this.#scheme = scheme
    this.#authority = authority
    this.#events = events
    this.#local = addressText(raw.localAddress, raw.localPort)
    this.#remote = addressText(raw.remoteAddress, raw.remotePort)
    this.#session = openSession({
      socket,
      raw,
      tunnelled: false,
      direct,
      // As in grpc-go, which has no bound of its own.
      unnamedMaxStreams: Number.POSITIVE_INFINITY,
      events: {
        ready: () => {
          this.#isReady = true
          this.#events?.ready()
        },
        closing: (loss) => this.#onClosing(loss),
        room: () => this.#beginWaiting(),
      },
    })
  }

  /** No call may be opened: closed, or told to go away. */
  get isClosing(): boolean {
    return this.#session.isClosing
  }

  /** The server's bound of streams, and those that wait already, let one more begin. */
  get hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#session.active < this.#session.maxStreams
  }

  wait(call: WaitingCall): void {
    this.#waiting.add(call)
  }

  leave(call: WaitingCall): void {
    if (this.#waiting.size > 0) this.#waiting.delete(call)
  }

  /**
   * Opens a stream.
   * @param headers  names and values in turn, without the pseudo headers; the same array again means the same headers
   * @param metadata  more of them, of this call
   * @param body  sent at once, with END_STREAM, in one write with the head
   */
  open(
    path: string,
    headers: Fields,
    metadata: Fields,
    body: Buffer | undefined,
    listener: StreamListener,
  ): Http2Stream {
    return this.#session.open(this.#fieldsOf(path, headers, metadata), body, body !== undefined, listener)
  }

  /** Closes at once; calls under way hear `onLost`. */
  close(): void {
    this.#events = undefined
    this.#session.close()
  }

  /** grpc-go's status message for a call that was lost with the connection. */
  lossText(loss: Loss, unprocessed: boolean): string {
    if (loss.kind !== 'goaway') return `error reading from server: ${this.#reason(loss)}`
    if (unprocessed) return 'the stream is rejected because server is draining the connection'
    const debug = loss.text === '' ? '' : `, debug data: ${goQuote(loss.text)}`
    const cause = 'connection error: desc = "error reading from server: EOF"'
    return `closing transport due to: ${cause}, received prior goaway: code: ${errorName(loss.errorCode)}${debug}`
  }

  #fieldsOf(path: string, headers: Fields, metadata: Fields): Fields {
    // No field holds a line's end.
    const key = metadata.length === 0 ? path : `${path}\n${metadata.join('\n')}`
    const made = this.#lists.get(key)
    if (made !== undefined && made.headers === headers) return made.fields
    const pseudo = [':method', 'POST', ':scheme', this.#scheme, ':path', path, ':authority', this.#authority]
    const fields = [...pseudo, ...headers, ...metadata]
    if (this.#lists.size >= maxLists) this.#lists.clear()
    this.#lists.set(key, { headers, fields })
    return fields
  }

  #beginWaiting(): void {
    for (const call of this.#waiting) {
      const { active, maxStreams, isClosing } = this.#session
      if (active >= maxStreams || isClosing) return
      this.#waiting.delete(call)
      call.begin()
    }
  }

  #onClosing(loss: Loss): void {
    const events = this.#events
    this.#events = undefined
    events?.closing(this.#reason(loss))
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const call of waiting) call.onLost(loss, true)
  }

  #reason(loss: Loss): string {
    const { kind, error, errorCode, text } = loss
    if (kind === 'socket' && error !== undefined) {
      const { code } = error as NodeJS.ErrnoException
      const isTls = code === undefined || code.startsWith('ERR_')
      return (isTls ? tlsFault(error) : ioFault(error, 'tcp', this.#local, this.#remote)).detail
    }
    if (kind === 'connection error') {
      if (!this.#isReady && text === 'the first frame is no SETTINGS') {
        return 'initial http2 frame from server is not a settings frame'
      }
      return `connection error: ${errorName(errorCode)}: ${text}`
    }
    return kind === 'goaway' ? `the server is going away: ${errorName(errorCode)}` : 'EOF'
  }
}

function addressText(ip: string | undefined, port: number | undefined): string {
  return `${ip?.includes(':') ? `[${ip}]` : ip}:${port}`
}

const maxLists = 200
