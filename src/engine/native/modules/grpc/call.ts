/** One gRPC call on the wire: headers, length-prefixed messages, status (grpc's PROTOCOL-HTTP2.md). */
import { STATUS_CODES } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { Cancel } from '#base/clock.js'
import { goQuote } from '../../http1/go-quote.js'
import { errorName, h2Code, type Http2Stream, type Loss } from '../../http2/index.js'
import { type Channel, connectionError } from './channel.js'
import { type Fields, isGrpc, type Metadata, readFields } from './metadata.js'
import type { CallSession, WaitingCall } from './session.js'
import { Code, codeOfHttpStatus, codeOfReset, okStatus, type Status, statusOf } from './status.js'

export interface CallSpec {
  /** `/package.Service/Method`. */
  readonly path: string
  /** Of this call, beside those of every call. */
  readonly metadata: Metadata
  /** 0 = none. */
  readonly timeoutMs: number
}

export interface CallEvents {
  /** One whole message; its bytes are valid until this returns. What it answers ends the call. */
  onMessage(bytes: Buffer): Status | undefined
  /** The end; once. `headers` and `trailers` of the call are complete. */
  onDone(status: Status): void
}

/** Bytes in front of every message: a flag and the length. */
export const frameHead = 5

const maxNonGrpcBytes = 1024
const noMetadata: Metadata = []

export class Call implements WaitingCall {
  headers: Metadata = noMetadata
  trailers: Metadata = noMetadata
  readonly #channel: Channel
  readonly #spec: CallSpec
  readonly #events: CallEvents
  #session: CallSession | undefined
  #stream: Http2Stream | undefined
  #unsent: { readonly bytes: Buffer | undefined; readonly end: boolean }[] | undefined
  #body: Buffer | undefined
  #cancelDeadline: Cancel | undefined
  #deadlineNs = 0
  #isDone = false
  #gotHeaders = false
  #retried = false
  #encoding = ''
  /** Set when the answer is no gRPC: what it was, and the beginning of its body. */
  #foreign: { readonly status: Status; body: Buffer } | undefined
  #partial: Partial | undefined

  constructor(channel: Channel, spec: CallSpec, events: CallEvents) {
    this.#channel = channel
    this.#spec = spec
    this.#events = events
  }

  /** Sends the call with its only message. */
  startUnary(frame: Buffer): void {
    this.#body = frame
    this.#start()
  }

  /** Begins a call whose messages come by `send`. */
  startStream(): void {
    this.#unsent = []
    this.#start()
  }

  /** @param isLast  nothing more will be sent */
  send(frame: Buffer, isLast = false): void {
    if (this.#isDone) return
    if (this.#stream === undefined) this.#unsent?.push({ bytes: frame, end: isLast })
    else this.#stream.write(frame, isLast)
  }

  /** No more messages from us. */
  endSending(): void {
    if (this.#isDone) return
    if (this.#stream === undefined) this.#unsent?.push({ bytes: undefined, end: true })
    else this.#stream.end()
  }

  /** Gives up; `onDone` gets this status. */
  abort(status: Status): void {
    if (this.#isDone) return
    this.#stream?.reset(h2Code.cancel)
    this.#finish(status)
  }

  #start(): void {
    const { timeoutMs } = this.#spec
    const { clock } = this.#channel.vu
    if (timeoutMs !== 0) {
      this.#deadlineNs = clock.nowNs() + Math.max(0, timeoutMs) * 1e6
      this.#cancelDeadline = clock.coarseAt(this.#deadlineNs, () => {
        this.abort(statusOf(Code.DeadlineExceeded, 'context deadline exceeded'))
      })
    }
    this.#connect()
  }

  #connect(): void {
    this.#channel.ready((session, problem) => {
      if (this.#isDone) return
      if (session === undefined) {
        const text = problem!.text
        const closed = text === 'the client connection is closing'
        this.#finish(
          closed ? statusOf(Code.Canceled, `grpc: ${text}`) : statusOf(Code.Unavailable, connectionError(text)),
        )
      } else this.#open(session)
    })
  }

  #open(session: CallSession): void {
    this.#session = session
    if (session.hasRoom) this.begin()
    else session.wait(this)
  }

  begin(): void {
    const { path, metadata, timeoutMs } = this.#spec
    const session = this.#session as CallSession
    const stream = session.open(path, callHeaders(timeoutMs, this.#channel), metadata, this.#body, this)
    this.#stream = stream
    const unsent = this.#unsent
    this.#unsent = undefined
    if (unsent === undefined) return
    for (const { bytes, end } of unsent) {
      if (bytes !== undefined) stream.write(bytes, end)
      else stream.end()
    }
  }

  onHeaders(raw: readonly string[], end: boolean): void {
    if (this.#isDone) return
    const fields = readFields(raw)
    if (this.#foreign !== undefined) {
      if (end) this.#finish(foreignStatus(this.#foreign))
      return
    }
    if (this.#gotHeaders && !end) {
      this.abort(statusOf(Code.Internal, 'a HEADERS frame cannot appear in the middle of a stream'))
      return
    }
    if (!this.#gotHeaders && !this.#acceptHead(fields, end)) return
    if (fields.malformed !== '') {
      this.abort(statusOf(Code.Internal, fields.malformed))
      return
    }
    if (!end) {
      this.#gotHeaders = true
      this.headers = fields.metadata
      this.#encoding = fields.encoding
      return
    }
    this.trailers = fields.metadata
    if (this.#partial !== undefined) {
      this.#finish(statusOf(Code.Internal, 'unexpected EOF'))
      return
    }
    this.#finish(trailerStatus(fields))
  }

  /** False when these are no headers of a gRPC answer. */
  #acceptHead(fields: Fields, end: boolean): boolean {
    const { contentType, httpStatus } = fields
    if (contentType !== undefined && isGrpc(contentType)) return true
    const http = Number(httpStatus)
    if (http >= 100 && http < 200) {
      if (end) {
        const text = `protocol error: informational header with status code ${http} must not have END_STREAM set`
        this.abort(statusOf(Code.Internal, text))
      }
      return false
    }
    const wrongType =
      contentType === undefined
        ? 'malformed header: missing HTTP content-type'
        : `transport: received unexpected content-type ${goQuote(contentType)}`
    if (httpStatus === '') {
      this.abort(statusOf(Code.Internal, `malformed header: missing HTTP status; ${wrongType}`))
      return false
    }
    const text = `unexpected HTTP status code received from server: ${http} (${STATUS_CODES[http] ?? ''}); ${wrongType}`
    const status = statusOf(codeOfHttpStatus(http), text)
    if (end) this.abort(status)
    else this.#foreign = { status, body: Buffer.alloc(0) }
    return false
  }

  onData(chunk: Buffer, end: boolean): void {
    if (chunk.length > 0) this.#read(chunk)
    if (end) this.#onEnd()
  }

  #read(chunk: Buffer): void {
    if (this.#isDone) return
    const foreign = this.#foreign
    if (foreign !== undefined) {
      const room = maxNonGrpcBytes - foreign.body.length
      foreign.body = Buffer.concat([foreign.body, chunk.subarray(0, room)])
      if (foreign.body.length >= maxNonGrpcBytes) this.abort(foreignStatus(foreign))
      return
    }
    if (!this.#gotHeaders) {
      this.abort(statusOf(Code.Internal, 'received DATA before HEADERS'))
      return
    }
    let pos = 0
    while (pos < chunk.length && !this.#isDone) {
      const partial = this.#partial
      if (partial !== undefined) pos = this.#continue(partial, chunk, pos)
      else if (chunk.length - pos < frameHead) pos = this.#keep(chunk, pos)
      else {
        const length = chunk.readUInt32BE(pos + 1)
        if (!this.#allows(length)) return
        const endOfMessage = pos + frameHead + length
        if (endOfMessage > chunk.length) pos = this.#keep(chunk, pos)
        else {
          const flag = chunk[pos]!
          this.#message(flag, chunk.subarray(pos + frameHead, endOfMessage))
          pos = endOfMessage
        }
      }
    }
  }

  /** Begins a message that comes in pieces. */
  #keep(chunk: Buffer, pos: number): number {
    const rest = chunk.length - pos
    this.#partial = new Partial()
    this.#partial.add(chunk, pos, rest)
    return chunk.length
  }

  #continue(partial: Partial, chunk: Buffer, pos: number): number {
    let at = pos
    if (partial.size < frameHead) {
      at += partial.add(chunk, at, frameHead - partial.size)
      if (partial.size < frameHead) return at
    }
    if (!this.#allows(partial.length)) return chunk.length
    at += partial.add(chunk, at, frameHead + partial.length - partial.size)
    if (partial.size === frameHead + partial.length) {
      this.#partial = undefined
      this.#message(partial.bytes[0]!, partial.bytes.subarray(frameHead, partial.size))
    }
    return at
  }

  #allows(length: number): boolean {
    const max = this.#channel.maxReceiveSize
    if (length <= max) return true
    this.abort(statusOf(Code.ResourceExhausted, `grpc: received message larger than max (${length} vs. ${max})`))
    return false
  }

  #message(flag: number, bytes: Buffer): void {
    let message = bytes
    if (flag === 1) {
      const inflated = inflate(bytes, this.#encoding, this.#channel.maxReceiveSize)
      if (!Buffer.isBuffer(inflated)) {
        this.abort(inflated)
        return
      }
      message = inflated
    } else if (flag !== 0) {
      this.abort(statusOf(Code.Internal, `grpc: received unexpected payload format ${flag}`))
      return
    }
    const status = this.#events.onMessage(message)
    if (status !== undefined) this.abort(status)
  }

  /** The peer ended the stream after data, without trailers. */
  #onEnd(): void {
    if (this.#isDone) return
    if (this.#foreign !== undefined) this.#finish(foreignStatus(this.#foreign))
    else if (this.#partial !== undefined) this.#finish(statusOf(Code.Internal, 'unexpected EOF'))
    else this.#finish(statusOf(Code.Internal, 'server closed the stream without sending trailers'))
  }

  onReset(errorCode: number, fromPeer: boolean, cause: string): void {
    if (this.#isDone) return
    if (!fromPeer) {
      this.#finish(statusOf(Code.Internal, faultTexts.get(cause) ?? 'received invalid frame'))
      return
    }
    if (errorCode === h2Code.refusedStream && this.#retry()) return
    if (this.#foreign !== undefined) {
      this.#finish(foreignStatus(this.#foreign))
      return
    }
    const text = `stream terminated by RST_STREAM with error code: ${errorName(errorCode)}`
    // A server that sees the deadline pass first cancels.
    const isLate = this.#deadlineNs !== 0 && this.#channel.vu.clock.nowNs() >= this.#deadlineNs
    const code = codeOfReset(errorCode)
    this.#finish(statusOf(code === Code.Canceled && isLate ? Code.DeadlineExceeded : code, text))
  }

  onLost(loss: Loss, unprocessed: boolean): void {
    if (this.#isDone) return
    if (this.#channel.isClosed) this.#finish(statusOf(Code.Canceled, 'grpc: the client connection is closing'))
    else if (!unprocessed || !this.#retry()) {
      this.#finish(statusOf(Code.Unavailable, (this.#session as CallSession).lossText(loss, unprocessed)))
    }
  }

  /** Tries once more what the server surely has not seen (gRPC's transparent retry). */
  #retry(): boolean {
    if (this.#retried || this.#gotHeaders || this.#body === undefined) return false
    this.#retried = true
    this.#stream = undefined
    this.#connect()
    return true
  }

  #finish(status: Status): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#cancelDeadline?.()
    this.#session?.leave(this)
    this.#partial = undefined
    this.#channel.account()
    this.#events.onDone(status)
  }
}

/** What the session says of an answer that is no HTTP, in grpc-go's words. */
const faultTexts: ReadonlyMap<string, string> = new Map([
  ['received DATA before a HEADERS frame', 'received DATA before HEADERS'],
  ['trailers without END_STREAM', 'a HEADERS frame cannot appear in the middle of a stream'],
  ['http2: response header list larger than advertised limit', 'peer header list size exceeded limit'],
  [
    '1xx informational response with END_STREAM flag',
    'protocol error: informational header must not have END_STREAM set',
  ],
])

/** A message of which not all is here. Grows with what comes, not with the length that the peer claims. */
class Partial {
  bytes: Buffer = Buffer.allocUnsafe(1024)
  size = 0

  get length(): number {
    return this.bytes.readUInt32BE(1)
  }

  /** Takes up to `count` bytes; answers how many there were. */
  add(chunk: Buffer, pos: number, count: number): number {
    const taken = Math.min(count, chunk.length - pos)
    if (this.size + taken > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.size + taken))
      this.bytes.copy(grown, 0, 0, this.size)
      this.bytes = grown
    }
    chunk.copy(this.bytes, this.size, pos, pos + taken)
    this.size += taken
    return taken
  }
}

function inflate(bytes: Buffer, encoding: string, max: number): Buffer | Status {
  if (encoding === '' || encoding === 'identity') {
    return statusOf(Code.Internal, 'grpc: compressed flag set with identity or empty encoding')
  }
  if (encoding !== 'gzip') {
    return statusOf(Code.Internal, `grpc: Decompressor is not installed for grpc-encoding ${goQuote(encoding)}`)
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, max) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return statusOf(Code.ResourceExhausted, `grpc: message after decompression larger than max ${max}`)
    }
    return statusOf(Code.Internal, `grpc: failed to decompress the message: ${message}`)
  }
}

function foreignStatus({ status, body }: { readonly status: Status; readonly body: Buffer }): Status {
  return statusOf(status.code, `${status.message}\ndata: ${goQuote(body.toString('latin1'))}`)
}

function trailerStatus(fields: Fields): Status {
  const { status, message, details } = fields
  if (status === undefined) return statusOf(Code.Unknown, message)
  if (!/^[+-]?\d{1,10}$/.test(status)) {
    const text = `transport: malformed grpc-status: strconv.ParseInt: parsing ${goQuote(status)}: invalid syntax`
    return statusOf(Code.Unknown, text)
  }
  const code = Number(status) >>> 0
  return code === Code.OK ? okStatus : { code, message, details }
}

/** Headers of a call, made once for each of the usual kinds: equal arrays are equal headers to the session. */
function callHeaders(timeoutMs: number, channel: Channel): readonly string[] {
  const { userAgent } = channel.vu.options
  const key = `${timeoutMs} ${userAgent}`
  let headers = usual.get(key)
  if (headers === undefined) {
    headers = [
      'content-type',
      'application/grpc',
      'user-agent',
      `${userAgent} ${clientName}`,
      'te',
      'trailers',
      'grpc-accept-encoding',
      'gzip',
      ...(timeoutMs > 0 ? ['grpc-timeout', timeoutText(timeoutMs)] : []),
    ]
    if (usual.size < 100) usual.set(key, headers)
  }
  return headers
}

const usual = new Map<string, readonly string[]>()
const clientName = 'grpc-node'

/** At most eight digits and a unit. */
function timeoutText(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['n', 1e-6],
    ['u', 1e-3],
    ['m', 1],
    ['S', 1000],
    ['M', 60_000],
    ['H', 3_600_000],
  ]
  for (const [unit, size] of units) {
    const count = Math.ceil(ms / size)
    if (count < 100_000_000) return `${count}${unit}`
  }
  return '99999999H'
}
