/**
 * An HTTP/2 client for gRPC calls on one connection (RFC 9113). Frames of one call leave in one write; answers to the
 * server's pings and settings wait for the next write of a call, or for the end of the turn.
 */
import type { Socket } from 'node:net'
import { ioFault } from '../../../http1/faults.js'
import { adopt, type SocketReader } from '../../../http1/socket-reader.js'
import { tlsFault } from '../../../http1/tls-faults.js'
import { resetName } from '../status.js'
import type { Session, SessionEvents, SessionStream, StreamListener } from '../session.js'
import {
  ErrorCode,
  Flag,
  FrameType,
  headBytes,
  preface,
  Setting,
  settingsFrame,
  smallFrame,
  writeHead,
} from './frames.js'
import { HpackDecoder, HpackEncoder, HpackError } from './hpack.js'

/** What we let a server send before we say more: of one stream, and of all together. */
const streamWindow = 1_048_576
const connectionWindow = 16_777_216
const maxFrameBytes = 16_384
/** Of one header block before it is unpacked. */
const maxBlockBytes = 65_536
/** Answers to a server that asks without end and does not read. */
const maxControlBytes = 262_144
const maxStreamId = 2 ** 31 - 1

export class H2Session implements Session, SocketReader {
  isClosing = false
  readonly #socket: Socket
  readonly #remote: string
  readonly #local: string
  readonly #scheme: string
  readonly #authority: string
  readonly #soon: (fn: () => void) => void
  #events: SessionEvents | undefined
  #isReady = false
  #isClosed = false
  readonly #encoder = new HpackEncoder()
  readonly #decoder = new HpackDecoder()
  readonly #streams = new Map<number, H2Stream>()
  readonly #pseudo = new Map<string, readonly string[]>()
  #nextId = 1
  /** Streams that the server has no room for yet. */
  readonly #queue: H2Stream[] = []
  #maxStreams = Number.POSITIVE_INFINITY
  #peerFrameBytes = maxFrameBytes
  #peerWindow = 65_535
  #sendWindow = 65_535
  #unacknowledged = 0
  /** Bytes of an unfinished frame. */
  #rest: Buffer | undefined
  /** A header block that CONTINUATION frames go on with. */
  #block: { readonly streamId: number; readonly end: boolean; bytes: Buffer } | undefined
  #control: Buffer[] = []
  #controlBytes = 0
  #flushScheduled = false

  /** @param soon  calls back when this turn of the event loop ends */
  constructor(
    socket: Socket,
    raw: Socket,
    scheme: 'http' | 'https',
    authority: string,
    events: SessionEvents,
    soon: (fn: () => void) => void,
  ) {
    this.#soon = soon
    this.#socket = socket
    this.#scheme = scheme
    this.#authority = authority
    this.#events = events
    const address = (ip: string | undefined, port: number | undefined): string =>
      `${ip?.includes(':') ? `[${ip}]` : ip}:${port}`
    this.#local = address(raw.localAddress, raw.localPort)
    this.#remote = address(raw.remoteAddress, raw.remotePort)
    adopt(socket, raw, this)
    socket.write(
      Buffer.concat([
        Buffer.from(preface, 'latin1'),
        settingsFrame([
          [Setting.enablePush, 0],
          [Setting.initialWindowSize, streamWindow],
        ]),
        smallFrame(FrameType.windowUpdate, 0, 0, connectionWindow - 65_535),
      ]),
    )
  }

  open(
    path: string,
    headers: readonly string[],
    extra: readonly string[],
    body: Buffer | undefined,
    listener: StreamListener,
  ): SessionStream {
    const stream = new H2Stream(this, listener, path, headers, extra, body)
    if (this.#streams.size >= this.#maxStreams) this.#queue.push(stream)
    else this.#begin(stream)
    return stream
  }

  close(): void {
    this.isClosing = true
    this.#events = undefined
    this.#lost('EOF')
  }

  // What streams ask for.

  /** @internal */
  write(stream: H2Stream, bytes: Buffer, end: boolean): void {
    if (stream.id === 0 || stream.pending.length > 0 || bytes.length > Math.min(stream.window, this.#sendWindow)) {
      stream.pending.push({ bytes, end, pos: 0 })
      if (stream.id !== 0) this.#push(stream)
      return
    }
    this.#take(stream, bytes.length)
    this.#send(this.#dataFrames(stream.id, bytes, end))
    if (end) this.#endOurs(stream)
  }

  /** @internal */
  cancel(stream: H2Stream): void {
    stream.listener = undefined
    if (stream.id === 0) {
      const at = this.#queue.indexOf(stream)
      if (at >= 0) this.#queue.splice(at, 1)
      return
    }
    if (!this.#streams.has(stream.id)) return
    this.#answer(smallFrame(FrameType.rstStream, 0, stream.id, ErrorCode.cancel))
    this.#forget(stream)
  }

  #begin(stream: H2Stream): void {
    if (this.#nextId > maxStreamId) {
      this.#closing('stream ids are used up')
      const { listener } = stream
      stream.listener = undefined
      listener?.onLost('stream ids are used up', true)
      return
    }
    stream.id = this.#nextId
    this.#nextId += 2
    stream.window = this.#peerWindow
    this.#streams.set(stream.id, stream)
    const block = this.#encoder.encode(this.#pseudoOf(stream.path), stream.headers, stream.extra)
    const { body } = stream
    if (block.length > this.#peerFrameBytes) {
      this.#send(this.#longHead(stream.id, block))
      if (body !== undefined) this.write(stream, body, true)
    } else if (body === undefined || body.length > Math.min(stream.window, this.#sendWindow, this.#peerFrameBytes)) {
      const out = Buffer.allocUnsafe(headBytes + block.length)
      block.copy(out, writeHead(out, 0, block.length, FrameType.headers, Flag.endHeaders, stream.id))
      this.#send(out)
      if (body !== undefined) this.write(stream, body, true)
    } else {
      // The usual call: head and only message in one write.
      this.#take(stream, body.length)
      const out = Buffer.allocUnsafe(2 * headBytes + block.length + body.length)
      let pos = writeHead(out, 0, block.length, FrameType.headers, Flag.endHeaders, stream.id)
      pos += block.copy(out, pos)
      pos = writeHead(out, pos, body.length, FrameType.data, Flag.endStream, stream.id)
      body.copy(out, pos)
      stream.endedOurs = true
      this.#send(out)
    }
    if (stream.pending.length > 0) this.#push(stream)
  }

  #pseudoOf(path: string): readonly string[] {
    let pseudo = this.#pseudo.get(path)
    if (pseudo === undefined) {
      pseudo = [':method', 'POST', ':scheme', this.#scheme, ':path', path, ':authority', this.#authority]
      if (this.#pseudo.size > 200) this.#pseudo.clear()
      this.#pseudo.set(path, pseudo)
    }
    return pseudo
  }

  #longHead(id: number, block: Buffer): Buffer {
    const parts: Buffer[] = []
    for (let pos = 0; pos < block.length; pos += this.#peerFrameBytes) {
      const part = block.subarray(pos, pos + this.#peerFrameBytes)
      const isLast = pos + part.length === block.length
      const head = Buffer.allocUnsafe(headBytes)
      const type = pos === 0 ? FrameType.headers : FrameType.continuation
      writeHead(head, 0, part.length, type, isLast ? Flag.endHeaders : 0, id)
      parts.push(head, part)
    }
    return Buffer.concat(parts)
  }

  #dataFrames(id: number, bytes: Buffer, end: boolean): Buffer {
    const count = Math.max(1, Math.ceil(bytes.length / this.#peerFrameBytes))
    const out = Buffer.allocUnsafe(bytes.length + count * headBytes)
    let pos = 0
    for (let i = 0; i < count; i++) {
      const part = bytes.subarray(i * this.#peerFrameBytes, (i + 1) * this.#peerFrameBytes)
      const flags = end && i === count - 1 ? Flag.endStream : 0
      pos = writeHead(out, pos, part.length, FrameType.data, flags, id)
      pos += part.copy(out, pos)
    }
    return out
  }

  #take(stream: H2Stream, bytes: number): void {
    stream.window -= bytes
    this.#sendWindow -= bytes
  }

  /** Sends of what waits as much as the windows allow. */
  #push(stream: H2Stream): void {
    for (let next = stream.pending[0]; next !== undefined; next = stream.pending[0]) {
      const left = next.bytes.length - next.pos
      const room = Math.min(left, stream.window, this.#sendWindow)
      if (room <= 0 && left > 0) return
      const isAll = room === left
      this.#take(stream, room)
      this.#send(this.#dataFrames(stream.id, next.bytes.subarray(next.pos, next.pos + room), next.end && isAll))
      next.pos += room
      if (!isAll) return
      stream.pending.shift()
      if (next.end) {
        this.#endOurs(stream)
        return
      }
    }
  }

  #endOurs(stream: H2Stream): void {
    stream.endedOurs = true
  }

  #send(bytes: Buffer): void {
    if (this.#isClosed) return
    if (this.#control.length === 0) this.#socket.write(bytes)
    else {
      this.#control.push(bytes)
      this.#flush()
    }
  }

  /** Sends a small frame with the next write, at the latest when this turn of the event loop ends. */
  #answer(bytes: Buffer): void {
    if (this.#isClosed) return
    this.#controlBytes += bytes.length
    if (this.#controlBytes + this.#socket.writableLength > maxControlBytes) {
      this.#fail(ErrorCode.enhanceYourCalm, 'the server asks for answers and does not read them')
      return
    }
    this.#control.push(bytes)
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#soon(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#control.length === 0 || this.#isClosed) return
    const bytes = this.#control.length === 1 ? this.#control[0]! : Buffer.concat(this.#control)
    this.#control = []
    this.#controlBytes = 0
    this.#socket.write(bytes)
  }

  // What comes from the server.

  onBytes(buf: Buffer, count: number): void {
    if (this.#isClosed) return
    let data = count === buf.length ? buf : buf.subarray(0, count)
    if (this.#rest !== undefined) {
      data = Buffer.concat([this.#rest, data])
      this.#rest = undefined
    }
    let pos = 0
    while (data.length - pos >= headBytes) {
      const length = (data[pos]! << 16) | (data[pos + 1]! << 8) | data[pos + 2]!
      if (length > maxFrameBytes) {
        this.#fail(ErrorCode.frameSize, `frame of ${length} bytes`)
        return
      }
      const start = pos + headBytes
      if (start + length > data.length) break
      const streamId = data.readUInt32BE(pos + 5) & 0x7fffffff
      this.#frame(data[pos + 3]!, data[pos + 4]!, streamId, data.subarray(start, start + length))
      if (this.#isClosed) return
      pos = start + length
    }
    // A copy: the buffer is everybody's.
    if (pos < data.length) this.#rest = Buffer.from(data.subarray(pos))
  }

  onEof(): void {
    this.#lost('EOF')
  }

  onSocketError(error: Error): void {
    const { code } = error as NodeJS.ErrnoException
    const isTls = code === undefined || code.startsWith('ERR_')
    this.#lost((isTls ? tlsFault(error) : ioFault(error, 'tcp', this.#local, this.#remote)).detail)
  }

  #frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#isReady && type !== FrameType.settings) {
      this.#lost('initial http2 frame from server is not a settings frame')
      return
    }
    if (this.#block !== undefined && (type !== FrameType.continuation || streamId !== this.#block.streamId)) {
      this.#fail(ErrorCode.protocol, 'a header block was interrupted')
      return
    }
    switch (type) {
      case FrameType.data:
        this.#onData(flags, streamId, payload)
        break
      case FrameType.headers:
        this.#onHeaders(flags, streamId, payload)
        break
      case FrameType.continuation:
        this.#onContinuation(flags, payload)
        break
      case FrameType.rstStream:
        this.#onReset(streamId, payload)
        break
      case FrameType.settings:
        this.#onSettings(flags, streamId, payload)
        break
      case FrameType.pushPromise:
        this.#fail(ErrorCode.protocol, 'PUSH_PROMISE, which we have forbidden')
        break
      case FrameType.ping:
        if (payload.length !== 8) this.#fail(ErrorCode.frameSize, 'PING of a wrong size')
        else if ((flags & Flag.ack) === 0) this.#answer(pong(payload))
        break
      case FrameType.goAway:
        this.#onGoAway(payload)
        break
      case FrameType.windowUpdate:
        this.#onWindowUpdate(streamId, payload)
        break
      default:
      // Frames of kinds that we do not know mean nothing (RFC 9113, 5.5).
    }
  }

  #onData(flags: number, streamId: number, payload: Buffer): void {
    if (streamId === 0) return this.#fail(ErrorCode.protocol, 'DATA on stream 0')
    this.#unacknowledged += payload.length
    if (this.#unacknowledged >= connectionWindow / 2) {
      this.#answer(smallFrame(FrameType.windowUpdate, 0, 0, this.#unacknowledged))
      this.#unacknowledged = 0
    }
    const data = unpadded(flags, payload)
    if (data === undefined) return this.#fail(ErrorCode.protocol, 'DATA with too much padding')
    const stream = this.#streams.get(streamId)
    if (stream === undefined) {
      if (streamId >= this.#nextId) this.#fail(ErrorCode.protocol, 'DATA on an idle stream')
      return
    }
    const end = (flags & Flag.endStream) !== 0
    stream.unacknowledged += payload.length
    if (!end && stream.unacknowledged >= streamWindow / 2) {
      this.#answer(smallFrame(FrameType.windowUpdate, 0, streamId, stream.unacknowledged))
      stream.unacknowledged = 0
    }
    if (data.length > 0) stream.listener?.onData(data)
    if (!end) return
    const { listener } = stream
    stream.listener = undefined
    this.#ended(stream)
    listener?.onEnd()
  }

  #onHeaders(flags: number, streamId: number, payload: Buffer): void {
    if (streamId === 0) return this.#fail(ErrorCode.protocol, 'HEADERS on stream 0')
    let block = unpadded(flags, payload)
    if (block !== undefined && (flags & Flag.priority) !== 0) block = block.length < 5 ? undefined : block.subarray(5)
    if (block === undefined) return this.#fail(ErrorCode.protocol, 'HEADERS with too much padding')
    const end = (flags & Flag.endStream) !== 0
    if ((flags & Flag.endHeaders) !== 0) this.#headers(streamId, end, block)
    else this.#block = { streamId, end, bytes: Buffer.from(block) }
  }

  #onContinuation(flags: number, payload: Buffer): void {
    const block = this.#block
    if (block === undefined) return this.#fail(ErrorCode.protocol, 'CONTINUATION without HEADERS')
    // Also bounds a server that goes on with empty frames.
    if (block.bytes.length + payload.length + headBytes > maxBlockBytes) {
      return this.#fail(ErrorCode.enhanceYourCalm, 'a header block without end')
    }
    block.bytes = Buffer.concat([block.bytes, payload])
    if ((flags & Flag.endHeaders) === 0) {
      if (payload.length === 0) this.#fail(ErrorCode.enhanceYourCalm, 'an empty CONTINUATION')
      return
    }
    this.#block = undefined
    this.#headers(block.streamId, block.end, block.bytes)
  }

  #headers(streamId: number, end: boolean, block: Buffer): void {
    let fields: readonly string[]
    try {
      // Also for a stream that is gone: the table must follow.
      fields = this.#decoder.decode(block)
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      return this.#fail(ErrorCode.compression, error.message)
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined) {
      if (streamId >= this.#nextId) this.#fail(ErrorCode.protocol, 'HEADERS on an idle stream')
      return
    }
    const { listener } = stream
    if (end) {
      stream.listener = undefined
      this.#ended(stream)
    }
    listener?.onHeaders(fields, end)
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) return this.#fail(ErrorCode.frameSize, 'RST_STREAM of a wrong size')
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    const { listener } = stream
    stream.listener = undefined
    this.#forget(stream)
    listener?.onReset(payload.readUInt32BE(0))
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) return this.#fail(ErrorCode.protocol, 'SETTINGS on a stream')
    if ((flags & Flag.ack) !== 0) return
    if (payload.length % 6 !== 0) return this.#fail(ErrorCode.frameSize, 'SETTINGS of a wrong size')
    for (let pos = 0; pos < payload.length; pos += 6) {
      if (!this.#set(payload.readUInt16BE(pos), payload.readUInt32BE(pos + 2))) return
    }
    this.#answer(smallFrame(FrameType.settings, Flag.ack, 0))
    if (!this.#isReady) {
      this.#isReady = true
      this.#events?.ready()
    }
    this.#beginQueued()
  }

  #set(id: number, value: number): boolean {
    if (id === Setting.headerTableSize) this.#encoder.setPeerLimit(value)
    else if (id === Setting.maxConcurrentStreams) this.#maxStreams = value
    else if (id === Setting.maxFrameSize) {
      if (value < maxFrameBytes || value > 16_777_215) {
        this.#fail(ErrorCode.protocol, `maximum frame size ${value}`)
        return false
      }
      // Larger frames save nothing here.
    } else if (id === Setting.initialWindowSize) {
      if (value > maxStreamId) {
        this.#fail(ErrorCode.flowControl, `initial window ${value}`)
        return false
      }
      const grown = value - this.#peerWindow
      this.#peerWindow = value
      for (const stream of this.#streams.values()) {
        stream.window += grown
        this.#push(stream)
      }
    }
    return true
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) return this.#fail(ErrorCode.frameSize, 'WINDOW_UPDATE of a wrong size')
    const grown = payload.readUInt32BE(0) & 0x7fffffff
    if (streamId === 0) {
      this.#sendWindow += grown
      if (grown === 0 || this.#sendWindow > maxStreamId) return this.#fail(ErrorCode.flowControl, 'window overflow')
      for (const stream of this.#streams.values()) if (stream.pending.length > 0) this.#push(stream)
      return
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    stream.window += grown
    if (grown === 0 || stream.window > maxStreamId) return this.#fail(ErrorCode.flowControl, 'window overflow')
    if (stream.pending.length > 0) this.#push(stream)
  }

  #onGoAway(payload: Buffer): void {
    if (payload.length < 8) return this.#fail(ErrorCode.frameSize, 'GOAWAY of a wrong size')
    const last = payload.readUInt32BE(0) & 0x7fffffff
    this.#closing(`the server is going away: ${resetName(payload.readUInt32BE(4))}`)
    const unseen = [...this.#streams.values()].filter((stream) => stream.id > last)
    for (const stream of unseen) this.#streams.delete(stream.id)
    for (const stream of [...unseen, ...this.#queue.splice(0)]) {
      const { listener } = stream
      stream.listener = undefined
      listener?.onLost('the server is going away', true)
    }
    this.#closeIfDone()
  }

  /** The server has ended its side. */
  #ended(stream: H2Stream): void {
    // It needs nothing more from us.
    if (!stream.endedOurs) this.#answer(smallFrame(FrameType.rstStream, 0, stream.id, ErrorCode.none))
    this.#forget(stream)
  }

  #forget(stream: H2Stream): void {
    this.#streams.delete(stream.id)
    stream.pending.length = 0
    if (this.#queue.length > 0) this.#beginQueued()
    if (this.isClosing) this.#closeIfDone()
  }

  #beginQueued(): void {
    while (this.#queue.length > 0 && this.#streams.size < this.#maxStreams) this.#begin(this.#queue.shift()!)
  }

  #closeIfDone(): void {
    if (this.isClosing && this.#streams.size === 0) this.#lost('EOF')
  }

  #closing(reason: string): void {
    this.isClosing = true
    const events = this.#events
    this.#events = undefined
    events?.closing(reason)
  }

  /** The server breaks the protocol: the connection ends. */
  #fail(code: number, reason: string): void {
    if (this.#isClosed) return
    const out = Buffer.allocUnsafe(headBytes + 8)
    const pos = writeHead(out, 0, 8, FrameType.goAway, 0, 0)
    out.writeUInt32BE(0, pos)
    out.writeUInt32BE(code, pos + 4)
    this.#socket.write(out)
    this.#lost(`connection error: ${resetName(code)}: ${reason}`)
  }

  #lost(reason: string): void {
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
    this.#rest = undefined
    this.#block = undefined
    this.#control = []
    this.#closing(reason)
    this.#socket.destroy()
    const streams = [...this.#streams.values(), ...this.#queue.splice(0)]
    this.#streams.clear()
    for (const stream of streams) {
      const { listener } = stream
      stream.listener = undefined
      listener?.onLost(reason, stream.id === 0)
    }
  }
}

/** @internal */
export class H2Stream implements SessionStream {
  /** 0 until it was begun. */
  id = 0
  window = 0
  unacknowledged = 0
  endedOurs = false
  listener: StreamListener | undefined
  readonly pending: { readonly bytes: Buffer; readonly end: boolean; pos: number }[] = []
  readonly #session: H2Session
  readonly path: string
  readonly headers: readonly string[]
  readonly extra: readonly string[]
  readonly body: Buffer | undefined

  constructor(
    session: H2Session,
    listener: StreamListener,
    path: string,
    headers: readonly string[],
    extra: readonly string[],
    body: Buffer | undefined,
  ) {
    this.#session = session
    this.listener = listener
    this.path = path
    this.headers = headers
    this.extra = extra
    this.body = body
  }

  write(bytes: Buffer, end: boolean): void {
    if (this.listener !== undefined) this.#session.write(this, bytes, end)
  }

  end(): void {
    if (this.listener !== undefined) this.#session.write(this, nothing, true)
  }

  cancel(): void {
    this.#session.cancel(this)
  }
}

const nothing = Buffer.alloc(0)

function unpadded(flags: number, payload: Buffer): Buffer | undefined {
  if ((flags & Flag.padded) === 0) return payload
  const end = payload.length - (payload[0] ?? payload.length)
  return end < 1 ? undefined : payload.subarray(1, end)
}

function pong(payload: Buffer): Buffer {
  const out = Buffer.allocUnsafe(headBytes + 8)
  payload.copy(out, writeHead(out, 0, 8, FrameType.ping, Flag.ack, 0))
  return out
}
