/**
 * One HTTP/1.1 request whose answer is handed on piece by piece as it comes, with the time of each piece. On a connection
 * of its own: a stream holds its connection for seconds and is then most often closed by one side.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Cancel, nowMs } from '#base/clock.js'
import type { DialEvents } from '../../http1/dialer.js'
import { type Fault, fault, ioFault, requestTimeout } from '../../http1/faults.js'
import { ResponseParser } from '../../http1/parser.js'
import { adopt, type SocketReader } from '../../http1/socket-reader.js'
import { tlsFault } from '../../http1/tls-faults.js'
import type { Target, WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'

export interface StreamRequest {
  readonly target: Target
  readonly method: string
  /** Every line with CRLF, without the blank line. */
  readonly headerBlock: string
  readonly body: Buffer | undefined
  readonly timeoutMs: number
}

export interface StreamListener {
  /** The header block is through; `wire` is filled in further until `ended`. */
  head(wire: WireResponse): void
  /** A piece of the body; valid until this returns. `atMs` from the request's last byte out. */
  chunk(buf: Buffer, start: number, end: number, atMs: number): void
  /** Once, and nothing after it. */
  ended(wire: WireResponse): void
}

export class HttpStream implements DialEvents, SocketReader {
  readonly #vu: VuScope
  readonly #request: StreamRequest
  readonly #listener: StreamListener
  readonly #parser = new ResponseParser({ usedBytes: 0 })
  readonly #wire: WireResponse = emptyWire()
  #state: 'dialling' | 'open' | 'over' = 'dialling'
  #socket: Socket | undefined
  #raw: Socket | undefined
  #timeout: Cancel | undefined
  #headTold = false
  #beganMs = 0
  #connectMs = 0
  #connectedMs = 0
  #tlsMs = 0
  #sentMs = 0
  #firstMs = 0
  #local = ''

  constructor(vu: VuScope, request: StreamRequest, listener: StreamListener) {
    this.#vu = vu
    this.#request = request
    this.#listener = listener
  }

  start(): void {
    const { clock, connections } = this.#vu
    this.#beganMs = nowMs()
    this.#timeout = clock.coarseAt(clock.nowNs() + this.#request.timeoutMs * 1e6, () => this.#fail(requestTimeout))
    connections.dial(this.#request.target, this, { tunnel: true })
  }

  /** The script has heard enough: the stream ends well. */
  close(): void {
    this.#finish()
  }

  /** Nobody listens any more. */
  abandon(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#release()
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    if (this.#state === 'open') this.#socket?.resume()
  }

  // Dialling.

  get abandoned(): boolean {
    return this.#state !== 'dialling'
  }

  connecting(socket: Socket, ip: string, port: number): void {
    this.#socket = socket
    this.#connectMs = nowMs()
    this.#wire.blocked = this.#connectMs - this.#beganMs
    this.#wire.remoteIp = ip
    this.#wire.remotePort = port
  }

  connected(): void {
    this.#connectedMs = nowMs()
    this.#wire.connecting = this.#connectedMs - this.#connectMs
  }

  handshaking(): void {
    this.#tlsMs = nowMs()
  }

  failed(problem: Fault): void {
    // A dial may fail before `start` returned.
    process.nextTick(() => this.#fail(problem))
  }

  opened(socket: Socket, raw: Socket, tunnelled: boolean): void {
    this.#state = 'open'
    this.#socket = socket
    const address = raw.localAddress ?? ''
    this.#local = `${address.includes(':') ? `[${address}]` : address}:${raw.localPort ?? 0}`
    if (socket !== raw) {
      this.#raw = raw
      this.#wire.tlsHandshaking = nowMs() - this.#tlsMs
      this.#wire.tlsVersion = tlsVersions[(socket as TLSSocket).getProtocol() ?? ''] ?? ''
    }
    this.#parser.start(this.#request.method === 'HEAD', true, undefined)
    this.#parser.sink = (buf, start, end) => this.#chunk(buf, start, end)
    adopt(socket, raw, this, tunnelled)
    this.#write(socket)
  }

  #write(socket: Socket): void {
    const { method, target, headerBlock, body } = this.#request
    const startMs = nowMs()
    const head = `${method} ${target.path} HTTP/1.1\r\n${headerBlock}\r\n`
    this.#wire.bytesSent += head.length + (body?.length ?? 0)
    const sent = (): void => {
      if (this.#sentMs !== 0) return
      this.#sentMs = nowMs()
      this.#wire.sending = this.#sentMs - startMs
    }
    if (body === undefined || body.length === 0) socket.write(head, 'latin1', sent)
    else {
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(body, sent)
      socket.uncork()
    }
    if (socket.writableLength === 0) sent()
  }

  // On the wire.

  onBytes(buf: Buffer, count: number): void {
    if (this.#state !== 'open') return
    if (this.#firstMs === 0) {
      this.#firstMs = nowMs()
      // An answer may come before all of the request was taken.
      if (this.#sentMs === 0) this.#sentMs = this.#firstMs
      this.#wire.waiting = this.#firstMs - this.#sentMs
    }
    this.#wire.bytesReceived += count
    this.#parser.feed(buf, 0, count)
    this.#tellHead()
    this.#settle()
  }

  onEof(): void {
    if (this.#state !== 'open') return
    this.#parser.eof()
    this.#settle()
  }

  onSocketError(error: Error): void {
    if (this.#state !== 'open') return
    const e = error as NodeJS.ErrnoException
    const remote = `${this.#wire.remoteIp}:${this.#wire.remotePort}`
    const isTls = e.code === undefined || e.code.startsWith('ERR_')
    this.#fail(isTls ? tlsFault(error) : ioFault(error, 'tcp', this.#local, remote))
  }

  #chunk(buf: Buffer, start: number, end: number): void {
    this.#tellHead()
    if (this.#state === 'open') this.#listener.chunk(buf, start, end, nowMs() - this.#sentMs)
  }

  #tellHead(): void {
    const { head } = this.#parser
    if (head === undefined || this.#headTold || this.#state !== 'open') return
    this.#headTold = true
    this.#wire.status = head.status
    this.#wire.statusText = head.statusText
    this.#wire.proto = head.proto
    this.#wire.rawHeaders = head.rawHeaders
    this.#listener.head(this.#wire)
  }

  #settle(): void {
    if (this.#parser.done) this.#finish()
    else if (this.#parser.error !== '') this.#fail(fault(1000, this.#parser.error))
  }

  #finish(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    if (this.#firstMs > 0) this.#wire.receiving = nowMs() - this.#firstMs
    this.#release()
    this.#listener.ended(this.#wire)
  }

  #fail(problem: Fault): void {
    if (this.#state === 'over') return
    this.#wire.errorCode = problem.code
    this.#wire.error = problem.error
    this.#wire.errorDetail = problem.detail
    this.#wire.errorInBody = this.#headTold
    if (this.#sentMs > 0 && this.#firstMs === 0) this.#wire.waiting = nowMs() - this.#sentMs
    this.#finish()
  }

  #release(): void {
    this.#timeout?.()
    this.#parser.drop()
    const raw = this.#raw
    if (raw !== undefined) {
      // Under TLS what counts is what the TCP socket moved.
      this.#wire.bytesSent = raw.bytesWritten
      this.#wire.bytesReceived = raw.bytesRead
    }
    this.#vu.dataSent += this.#wire.bytesSent
    this.#vu.dataReceived += this.#wire.bytesReceived
    const socket = this.#socket
    if (socket === undefined) return
    socket.on('error', ignore)
    socket.destroy()
    raw?.destroy()
  }
}

function emptyWire(): WireResponse {
  return {
    status: 0,
    statusText: '',
    proto: '',
    rawHeaders: [],
    body: undefined,
    bodyLatin1: undefined,
    blocked: 0,
    connecting: 0,
    tlsHandshaking: 0,
    sending: 0,
    waiting: 0,
    receiving: 0,
    bytesSent: 0,
    bytesReceived: 0,
    remoteIp: '',
    remotePort: 0,
    tlsVersion: '',
    tlsCipherSuite: '',
    errorCode: 0,
    error: '',
    errorDetail: '',
    errorInBody: false,
  }
}

const tlsVersions: Readonly<Record<string, string>> = { 'TLSv1.2': 'tls1.2', 'TLSv1.3': 'tls1.3' }

function ignore(): void {}
