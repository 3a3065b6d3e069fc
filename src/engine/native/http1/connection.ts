/**
 * One connection and the request on it. The request's state lives in the connection, because HTTP/1.1 has one at a time
 * and because an object per request is what a load generator pays most for.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { nowMs } from '#base/clock.js'
import type { DialEvents } from './dialer.js'
import { type DirectHandle, type DirectReader, directWrite, takeHandle, writeError } from './direct-socket.js'
import { brokenConnection, canceled, type Fault, fault, ioFault, requestTimeout } from './faults.js'
import { type HeadMemo, ResponseParser } from './parser.js'
import { adopt, isAdopted, sharedRead, type SocketReader } from './socket-reader.js'
import { tlsFault } from './tls-faults.js'
import type { Timed, TimeoutList } from './timeouts.js'
import type { Shared } from './transport.js'
import type { Opening } from '../http2/index.js'
import type { Sending, Target, WireRequest, WireResponse } from './types.js'

export type Done = (response: WireResponse) => void

/** The pool that a connection belongs to. */
export interface ConnectionOwner {
  readonly shared: Shared
  readonly vuId: number
  /** A connection for `target`: idle or new, `begin` not yet called. */
  take(target: Target): Connection
  /** The response is complete and the connection may serve another request. */
  release(connection: Connection): void
  /** Gone for good. */
  forget(connection: Connection): void
  /** It begins to dial. */
  dialling(connection: Connection, target: Target): void
  /** TLS has chosen HTTP/1.1, though HTTP/2 was offered. */
  spokeHttp1(connection: Connection): void
  /** TLS has chosen HTTP/2: takes socket and request over. */
  upgraded(connection: Connection, opening: Opening, request: WireRequest, done: Done, beganMs: number): Sending
}

const isNew = 0
const isDialling = 1
const isIdle = 2
const isBusy = 3
const isClosed = 4

/** What the transport notes on a target: the last header block, and the bytes of the last request without a body. */
interface TargetMemo extends HeadMemo {
  request: WireRequest | undefined
  wire: string
}

export class Connection implements Timed, DialEvents, SocketReader, DirectReader {
  dueMs = 0
  timeoutPrev: Timed | undefined = undefined
  timeoutNext: Timed | undefined = undefined
  timeoutList: TimeoutList | undefined = undefined
  readonly origin: string
  /** Place among the busy ones of its pool; -1 = not there. */
  busyAt = -1
  /** Tries of the request on HTTP/2 connections that have gone away. */
  attempts = 0
  /** Counts requests, so that a late cancel hits nothing. */
  sequence = 0
  #owner: ConnectionOwner
  #state = isNew
  #socket: Socket | undefined = undefined
  /** Below TLS; undefined when it is the socket itself. */
  #raw: Socket | undefined = undefined
  /** Of a plain socket that is used below its stream. */
  #handle: DirectHandle | undefined = undefined
  /** A direct write of which the kernel has taken only a part. */
  #isWriting = false
  /** Something has gone through the stream, which may not have passed all of it on. */
  #usedStream = false
  #rawSent = 0
  #rawReceived = 0
  readonly #parser: ResponseParser
  #request: WireRequest | undefined = undefined
  #done: Done | undefined = undefined
  /** Where a retried request went, for its canceller. */
  #successor: Sending | undefined = undefined
  #successorSequence = 0
  #served = 0
  #beganMs = 0
  #getConnMs = 0
  #connectStartMs = 0
  #connectDoneMs = 0
  #tlsStartMs = 0
  #tlsDoneMs = 0
  #gotConnMs = 0
  #sentMs = 0
  #firstByteMs = 0
  #bytesSent = 0
  #bytesReceived = 0
  #remoteIp = ''
  #remotePort = 0
  #local = ''
  #tlsVersion = ''
  #tlsCipherSuite = ''

  constructor(owner: ConnectionOwner, target: Target) {
    this.#owner = owner
    this.origin = target.origin
    this.#parser = new ResponseParser(owner.shared.budget, true)
  }

  /** Starts a request: at once on an open connection, else after dialling. `beganMs` = when the caller asked. */
  begin(request: WireRequest, done: Done, beganMs: number): void {
    this.sequence++
    this.#request = request
    this.#done = done
    this.#beganMs = beganMs
    this.#getConnMs = beganMs
    this.#bytesSent = 0
    this.#bytesReceived = 0
    this.#sentMs = 0
    this.#firstByteMs = 0
    this.#owner.shared.timeouts.add(this, beganMs, request.timeoutMs)
    if (this.#state === isIdle) {
      this.#state = isBusy
      // Nothing waits between asking for an idle connection and having it: no clock is read for that.
      this.#gotConnMs = beganMs
      // Go's trace of a reused connection: connect and handshake begin and end when it is got.
      this.#connectStartMs = beganMs
      this.#connectDoneMs = beganMs
      this.#tlsStartMs = beganMs
      this.#tlsDoneMs = beganMs
      this.#write(request)
    } else {
      this.#state = isDialling
      this.#gotConnMs = 0
      this.#owner.dialling(this, request.target)
      const { alpn, dialer } = this.#owner.shared
      dialer.dial(request.target, this.#owner.vuId, this, alpn === undefined ? undefined : { alpn })
    }
  }

  /** Requests answered on it. */
  get served(): number {
    return this.#served
  }

  cancel(sequence: number): void {
    if (this.sequence === sequence && this.#done !== undefined) this.#fail(canceled, this.#inBody)
    else if (this.#successor !== undefined) this.#successor.cancel(this.#successorSequence)
  }

  onTimeout(): void {
    this.#fail(requestTimeout, this.#inBody)
  }

  /** For an idle one: no request is disturbed. */
  close(): void {
    if (this.#done !== undefined) this.#fail(canceled, this.#inBody)
    else this.#destroy()
  }

  // Dialling.

  get abandoned(): boolean {
    return this.#state !== isDialling
  }

  connecting(socket: Socket, ip: string, port: number): void {
    this.#socket = socket
    this.#connectStartMs = nowMs()
    this.#connectDoneMs = 0
    this.#tlsStartMs = 0
    this.#tlsDoneMs = 0
    this.#remoteIp = ip
    this.#remotePort = port
  }

  connected(): void {
    this.#connectDoneMs = nowMs()
  }

  handshaking(): void {
    this.#tlsStartMs = nowMs()
  }

  opened(socket: Socket, raw: Socket, tunnelled: boolean): void {
    const now = nowMs()
    this.#socket = socket
    // Looked up now, because a closed socket does not know any more, and the error texts name it.
    const address = raw.localAddress ?? ''
    this.#local = `${address.includes(':') ? `[${address}]` : address}:${raw.localPort ?? 0}`
    if (socket !== raw) {
      this.#raw = raw
      this.#tlsDoneMs = now
      const secure = socket as TLSSocket
      this.#tlsVersion = tlsVersions[secure.getProtocol() ?? ''] ?? ''
      this.#tlsCipherSuite = goCipherName(secure.getCipher()?.standardName ?? '')
      if (secure.alpnProtocol === 'h2') return this.#handOver(secure, raw, tunnelled, now)
      if (this.#owner.shared.alpn !== undefined) this.#owner.spokeHttp1(this)
    }
    const { h2c } = this.#owner.shared
    if (socket === raw && h2c.size > 0) {
      const { target } = this.#request as WireRequest
      if (h2c.has(`${target.host}:${target.port}`)) return this.#handOver(socket, raw, tunnelled, now)
    }
    adopt(socket, raw, this)
    if (socket === raw && !tunnelled && this.#owner.shared.direct) this.#handle = takeHandle(socket, this)
    this.#state = isBusy
    this.#gotConnMs = now
    this.#write(this.#request as WireRequest)
  }

  #handOver(socket: Socket, raw: Socket, tunnelled: boolean, now: number): void {
    const request = this.#request as WireRequest
    const done = this.#done as Done
    this.#owner.shared.timeouts.remove(this)
    this.#done = undefined
    this.#state = isClosed
    this.#successor = this.#owner.upgraded(
      this,
      {
        socket,
        raw,
        tunnelled,
        connectStartMs: this.#connectStartMs,
        connectDoneMs: this.#connectDoneMs,
        tlsStartMs: this.#tlsStartMs,
        tlsDoneMs: this.#tlsDoneMs,
        gotConnMs: now,
        local: this.#local,
        remoteIp: this.#remoteIp,
        remotePort: this.#remotePort,
        tlsVersion: this.#tlsVersion,
        tlsCipherSuite: this.#tlsCipherSuite,
      },
      request,
      done,
      this.#beganMs,
    )
    this.#successorSequence = this.#successor.sequence
    this.#owner.forget(this)
  }

  failed(problem: Fault): void {
    const sequence = this.sequence
    // A dial may fail before `send` returned, and `done` may not be called from inside it.
    process.nextTick(() => {
      if (this.sequence === sequence && this.#done !== undefined) this.#fail(problem, false)
    })
  }

  // On the wire.

  #write(request: WireRequest): void {
    const socket = this.#socket as Socket
    const target = request.target
    let memo = target.memo as TargetMemo | undefined
    if (memo === undefined) {
      memo = { memo: undefined, request: undefined, wire: '' }
      target.memo = memo
    }
    this.#parser.start(request.method === 'HEAD', request.discardBody, memo)
    const body = request.body
    if (body === undefined || body.length === 0) {
      let wire = memo.wire
      if (memo.request !== request) {
        wire = `${this.#requestHead(request)}\r\n`
        memo.wire = wire
        memo.request = request
      }
      this.#bytesSent += wire.length
      const handle = this.#handle
      if (handle !== undefined && !this.#isUnwritten) {
        this.#writeDirect(handle, socket, wire)
        return
      }
      this.#usedStream = true
      socket.write(wire, 'latin1')
    } else {
      this.#usedStream = true
      const head = `${this.#requestHead(request)}\r\n`
      const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
      this.#bytesSent += head.length + bytes.length
      if (bytes.length <= joinedBodyBytes) {
        // One segment, one system call.
        socket.write(head + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'latin1')
      } else {
        socket.cork()
        socket.write(head, 'latin1')
        socket.write(bytes)
        socket.uncork()
      }
    }
    // A write that failed at once leaves nothing waiting, either, and wrote nothing: `onSocketError` hears of it later.
    if (socket.errored != null) return
    if (socket.writableLength === 0) this.#sentMs = nowMs()
    else {
      const sequence = this.sequence
      // The kernel took only a part; an empty write is done when all before it is.
      socket.write('', 'latin1', (error) => {
        if (error == null && this.sequence === sequence && this.#state === isBusy) this.#sentMs = nowMs()
      })
    }
  }

  #writeDirect(handle: DirectHandle, socket: Socket, wire: string): void {
    const before = this.#served === 0 ? handle.bytesWritten : 0
    const outcome = directWrite(handle, wire, (status) => {
      this.#isWriting = false
      if (status < 0) socket.destroy(writeError(status))
      else if (this.#state === isBusy && this.#sentMs === 0) this.#sentMs = nowMs()
    })
    if (outcome === 0) {
      this.#sentMs = nowMs()
      // The first write shows whether this Node's handles still do what is expected of them.
      if (this.#served === 0 && handle.bytesWritten - before !== wire.length) this.#handle = undefined
    } else if (outcome > 0) this.#isWriting = true
    else socket.destroy(writeError(outcome))
  }

  #requestHead(request: WireRequest): string {
    const target = request.target
    const proxy = target.secure ? undefined : this.#owner.shared.dialer.proxies.for(target)
    if (proxy === undefined) return `${request.method} ${target.path} HTTP/1.1\r\n${request.headerBlock}`
    const uri = `http://${target.hostHeader}${target.path}`
    return `${request.method} ${uri} HTTP/1.1\r\n${request.headerBlock}${proxy.authorization}`
  }

  onDirectBytes(count: number): void {
    this.onBytes(sharedRead.buffer, count)
  }

  onBytes(buf: Buffer, count: number): void {
    if (this.#state !== isBusy) {
      // Nobody asked: k6 drops such a connection, too.
      this.#destroy()
      return
    }
    if (this.#firstByteMs === 0) this.#firstByteMs = nowMs()
    this.#bytesReceived += count
    const parser = this.#parser
    const used = parser.feed(buf, 0, count)
    if (parser.done) this.#complete(used === count && !parser.unclean)
    else if (parser.error !== '') this.#parserFailed()
  }

  onEof(): void {
    if (this.#state === isIdle) this.#destroy()
    else if (this.#state === isBusy) {
      if (!this.#parser.sawBytes && this.#retry(false)) return
      this.#parser.eof()
      if (this.#parser.done) this.#complete(false)
      else this.#parserFailed()
    }
  }

  onSocketError(error: Error): void {
    if (this.#state === isIdle) this.#destroy()
    else if (this.#state === isBusy) {
      const e = error as NodeJS.ErrnoException
      const writing = e.syscall === 'write'
      const parser = this.#parser
      if (!parser.sawBytes && this.#retry(writing && this.#sentMs === 0)) return
      if (parser.insideHeadLine && !writing) {
        // Go loses the error that ends a half line, reads on and finds the end.
        this.onEof()
        return
      }
      const inBody = parser.head !== undefined
      // Go says that the connection broke unless nothing at all came back, or the header was through.
      const prefix = !inBody && (writing || parser.sawBytes) ? brokenConnection : ''
      const network = this.#request?.target.socketPath === undefined ? 'tcp' : 'unix'
      const host = this.#remoteIp.includes(':') ? `[${this.#remoteIp}]` : this.#remoteIp
      const tls = e.code === undefined || e.code.startsWith('ERR_')
      this.#fail(
        tls ? tlsFault(error) : ioFault(error, network, this.#local, `${host}:${this.#remotePort}`, prefix),
        inBody,
      )
    }
  }

  /**
   * A server may close a kept-alive connection just as a request is written to it. As Go: try again on another
   * connection when no byte of an answer came and either nothing was written or the method may be repeated.
   */
  #retry(nothingWritten: boolean): boolean {
    const request = this.#request as WireRequest
    const done = this.#done
    if (this.#served === 0 || done === undefined || !(nothingWritten || isReplayable(request))) return false
    this.#owner.shared.timeouts.remove(this)
    this.#addRawBytes()
    const next = this.#detach()
    this.#successor = next
    next.begin(request, done, this.#beganMs)
    next.#bytesSent += this.#bytesSent
    next.#getConnMs = nowMs()
    this.#successorSequence = next.sequence
    return true
  }

  #detach(): Connection {
    const target = (this.#request as WireRequest).target
    this.#done = undefined
    this.#destroy()
    return this.#owner.take(target)
  }

  #complete(clean: boolean): void {
    const parser = this.#parser
    const head = parser.head as NonNullable<typeof parser.head>
    const shared = this.#owner.shared
    shared.timeouts.remove(this)
    if (this.#raw !== undefined) this.#addRawBytes()
    const now = nowMs()
    const reused = this.#served > 0
    const done = this.#done as Done
    const response: WireResponse = {
      status: head.status,
      statusText: head.statusText,
      proto: head.proto,
      rawHeaders: head.rawHeaders,
      body: parser.body,
      bodyLatin1: parser.bodyLatin1,
      blocked: this.#gotConnMs - this.#getConnMs,
      connecting: reused ? 0 : this.#connectDoneMs - this.#connectStartMs,
      tlsHandshaking: reused ? 0 : this.#tlsDoneMs - this.#tlsStartMs,
      sending: this.#sending(),
      waiting: this.#waiting(now),
      receiving: now - this.#firstByteMs,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      remoteIp: this.#remoteIp,
      remotePort: this.#remotePort,
      tlsVersion: this.#tlsVersion,
      tlsCipherSuite: this.#tlsCipherSuite,
      errorCode: 0,
      error: '',
      errorDetail: '',
      errorInBody: false,
    }
    parser.body = undefined
    parser.bodyLatin1 = undefined
    this.#done = undefined
    this.#served++
    if (clean && !head.close && head.status !== 101 && shared.keepAlive && !this.#isUnwritten) {
      this.#state = isIdle
      this.#owner.release(this)
    } else this.#destroy()
    done(response)
  }

  /** Part of what was written is not in the kernel's hands. Asking the stream costs more than a flag. */
  get #isUnwritten(): boolean {
    return this.#isWriting || (this.#usedStream && (this.#socket as Socket).writableLength > 0)
  }

  get #inBody(): boolean {
    return this.#parser.head !== undefined && this.#state === isBusy
  }

  #parserFailed(): void {
    const { error, errorInBody, sawBytes } = this.#parser
    // Go wraps what goes wrong inside a header block; a bare EOF before it, and a broken body, stand alone.
    this.#fail(fault(1000, error, !errorInBody && sawBytes ? brokenConnection + error : error), errorInBody)
  }

  #fail(problem: Fault, inBody: boolean): void {
    const done = this.#done
    this.#owner.shared.timeouts.remove(this)
    if (done === undefined) return
    this.#done = undefined
    this.#addRawBytes()
    const now = nowMs()
    const got = this.#gotConnMs > 0
    const response: WireResponse = {
      status: 0,
      statusText: '',
      proto: '',
      rawHeaders: none,
      // k6 shows what it had of a body that broke off.
      body: inBody ? this.#parser.partialBody() : undefined,
      bodyLatin1: undefined,
      blocked: got ? Math.max(0, this.#gotConnMs - this.#getConnMs) : 0,
      connecting: this.#connectDoneMs > 0 ? this.#connectDoneMs - this.#connectStartMs : 0,
      tlsHandshaking: this.#tlsDoneMs > 0 ? this.#tlsDoneMs - this.#tlsStartMs : 0,
      sending: this.#sending(),
      waiting: this.#waiting(now),
      receiving: this.#firstByteMs > 0 ? now - this.#firstByteMs : 0,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      remoteIp: got ? this.#remoteIp : '',
      remotePort: got ? this.#remotePort : 0,
      tlsVersion: '',
      tlsCipherSuite: '',
      errorCode: problem.code,
      error: problem.error,
      errorDetail: problem.detail,
      errorInBody: inBody,
    }
    this.#destroy()
    done(response)
  }

  /** From the end of connecting to the last byte written. */
  #sending(): number {
    if (this.#sentMs === 0) return 0
    return this.#sentMs - (this.#tlsDoneMs > 0 ? this.#tlsDoneMs : this.#connectDoneMs)
  }

  /** From the last byte written to the first byte of an answer; until now when none came. */
  #waiting(now: number): number {
    if (this.#sentMs === 0) return 0
    if (this.#firstByteMs === 0) return now - this.#sentMs
    return Math.max(0, this.#firstByteMs - this.#sentMs)
  }

  /** Under TLS the parser sees plain text; what counts is what the TCP socket moved. */
  #addRawBytes(): void {
    const raw = this.#raw
    if (raw === undefined) return
    const sent = raw.bytesWritten
    const received = raw.bytesRead
    this.#bytesSent = sent - this.#rawSent
    this.#bytesReceived = received - this.#rawReceived
    this.#rawSent = sent
    this.#rawReceived = received
  }

  #destroy(): void {
    if (this.#state === isClosed) return
    this.#state = isClosed
    this.#parser.drop()
    const socket = this.#socket
    if (socket !== undefined) {
      if (!isAdopted(socket)) socket.on('error', ignore)
      socket.destroy()
      this.#raw?.destroy()
    }
    this.#owner.forget(this)
  }
}

/** Bodies up to this are sent in one string with their header; above, copying costs more than a second buffer. */
const joinedBodyBytes = 8192
const none: readonly string[] = []
function ignore(): void {}

/** Go's net/http Request.isReplayable; bodies here can always be sent again. */
function isReplayable(request: WireRequest): boolean {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
      return true
    default:
      return /(?:^|\n)(?:x-)?idempotency-key:/i.test(request.headerBlock)
  }
}

const tlsVersions: Readonly<Record<string, string>> = {
  TLSv1: 'tls1.0',
  'TLSv1.1': 'tls1.1',
  'TLSv1.2': 'tls1.2',
  'TLSv1.3': 'tls1.3',
}

/** Go's names are IANA's but for two, which k6 keeps as Go first had them. */
function goCipherName(standard: string): string {
  return /^TLS_ECDHE_(?:RSA|ECDSA)_WITH_CHACHA20_POLY1305_SHA256$/.test(standard)
    ? standard.replace(/_SHA256$/, '')
    : standard
}
