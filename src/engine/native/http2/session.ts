/**
 * The client's side of one HTTP/2 connection (RFC 9113). What the peer sends is judged as Go's client judges it, because
 * k6's users compare error texts; whatever it could make grow or repeat without end has a bound.
 */
import type { Socket } from 'node:net'
import { systemClock } from '#base/clock.js'
import { type DirectHandle, type DirectReader, directWrite, takeHandle, writeError } from '../http1/direct-socket.js'
import { adopt, sharedRead, type SocketReader } from '../http1/socket-reader.js'
import { readDirectly } from './direct-read.js'
import {
  flag,
  frame,
  frameHead,
  goawayFrame,
  headersFrames,
  maxFrameBytes,
  maxWindow,
  preface,
  resetFrame,
  setting,
  settingsFrame,
  uint32,
  windowUpdateFrame,
} from './frames.js'
import { HpackDecoder, HpackError, maxListBytes } from './hpack-decoder.js'
import { HpackEncoder } from './hpack-encoder.js'
import { type StreamOwner, StreamState, streamWindow } from './outgoing.js'
import { type FrameSink, FrameReader } from './reader.js'
import {
  type Fields,
  h2Code,
  type Http2Session,
  type Http2Stream,
  type Loss,
  type SessionEvents,
  type SessionOptions,
  type StreamListener,
} from './types.js'

/** Sends the preface and our settings; streams may be opened at once. */
export function openSession(options: SessionOptions): Http2Session {
  return new Session(options)
}

/** The whole connection's window: so large that only the streams' own ones hold a sender back, as in Go. */
const connectionWindow = 2 ** 30
/** Bytes in the socket's buffer above which no more DATA is given to it. */
const maxQueuedBytes = 262_144
/** Of a header block in pieces, as it came. */
const maxBlockBytes = maxListBytes
/** Frames in a row that bring nothing (PING, SETTINGS, empty DATA and CONTINUATION, PRIORITY, unknown ones). */
const maxIdleFrames = 10_000

class Session implements Http2Session, StreamOwner, SocketReader, DirectReader, FrameSink {
  isClosing = false
  maxStreams = 100
  readonly #socket: Socket
  readonly #raw: Socket
  readonly #events: SessionEvents
  readonly #unnamedMaxStreams: number
  /** Of a plain socket that is used below its stream. */
  #handle: DirectHandle | undefined
  /** Bytes of direct writes of which the kernel has not taken all. */
  #unsent = 0
  readonly #reader = new FrameReader(this)
  readonly #decoder = new HpackDecoder()
  readonly #encoder = new HpackEncoder()
  readonly #streams = new Map<number, StreamState>()
  /** With something to send that a window or the socket did not let through. */
  readonly #held = new Set<StreamState>()
  #nextId = 1
  #closed = false
  #settled = false
  #sendWindow = 65_535
  #received = 0
  #peerWindow = 65_535
  #peerFrame = maxFrameBytes
  #goaway: Loss | undefined
  /** A header block whose CONTINUATION is due. */
  #block: { readonly id: number; readonly end: boolean; readonly parts: Buffer[]; bytes: number } | undefined
  #idleFrames = 0
  /** Small frames that go with the next write: they would each be a system call, and under TLS a record. */
  #control = ''
  #flushDue = false

  constructor({ socket, raw, tunnelled, direct, events, unnamedMaxStreams = goMaxStreams }: SessionOptions) {
    this.#socket = socket
    this.#raw = raw
    this.#events = events
    this.#unnamedMaxStreams = unnamedMaxStreams
    adopt(socket, raw, this, tunnelled)
    if (direct && socket !== raw) readDirectly(socket, this)
    else if (direct && !tunnelled) this.#handle = takeHandle(socket, this)
    socket.on('drain', () => this.#pump())
    const before = this.#handle?.bytesWritten ?? 0
    this.#put(opening)
    // The first write shows whether this Node's handles still do what is expected of them.
    if (this.#handle !== undefined && this.#handle.bytesWritten - before !== opening.length) this.#handle = undefined
  }

  get active(): number {
    return this.#streams.size
  }

  get bytesSent(): number {
    return this.#raw.bytesWritten
  }

  get bytesReceived(): number {
    return this.#raw.bytesRead
  }

  open(fields: Fields, body: Buffer | undefined, end: boolean, listener: StreamListener): Http2Stream {
    const id = this.#nextId
    this.#nextId += 2
    const stream = new StreamState(this, id, listener, this.#peerWindow)
    this.#streams.set(id, stream)
    const bare = body === undefined || body.length === 0
    if (this.#closed) {
      process.nextTick(() => this.#lose(stream, closedLoss, true))
      return stream
    }
    this.#idleFrames = 0
    const block = this.#encoder.encode(fields)
    const head = headersFrames(id, block, bare && end, this.#peerFrame)
    stream.localClosed = bare && end
    if (bare) this.#put(head)
    else if (this.#fits(stream, body)) {
      // One write, one record, one segment.
      const data = frameHead(body.length, frame.data, end ? flag.endStream : 0, id)
      this.#put(head + data + (body as Latin1Buffer).latin1Slice(0, body.length))
      this.#spend(stream, body.length)
      stream.localClosed = end
    } else {
      this.#put(head)
      this.write(stream, body, end)
    }
    if (this.#nextId > maxWindow) this.#stopOpening(closedLoss)
    return stream
  }

  /** @internal */
  write(stream: StreamState, bytes: Buffer | undefined, end: boolean): boolean {
    if (stream.localClosed || stream.waitingEnd || this.#closed || stream.listener === undefined) return true
    if (bytes !== undefined && bytes.length > 0) {
      if (!stream.hasWaiting && this.#fits(stream, bytes) && this.#queued <= maxQueuedBytes) {
        const head = frameHead(bytes.length, frame.data, end ? flag.endStream : 0, stream.id)
        this.#put(head + (bytes as Latin1Buffer).latin1Slice(0, bytes.length))
        this.#idleFrames = 0
        this.#spend(stream, bytes.length)
        stream.localClosed = end
        stream.listener.onDrain?.()
        return true
      }
      stream.waiting.push(bytes)
    }
    if (end) stream.waitingEnd = true
    this.#held.add(stream)
    this.#send(stream)
    return !stream.hasWaiting
  }

  /** @internal */
  reset(stream: StreamState, errorCode: number): void {
    if (stream.listener === undefined) return
    stream.listener = undefined
    this.#drop(stream, errorCode)
  }

  close(): void {
    this.#end(closedLoss, h2Code.noError)
  }

  // What the socket says.

  onBytes(bytes: Buffer, count: number): void {
    if (!this.#closed) this.#reader.feed(bytes, count)
  }

  onDirectBytes(count: number): void {
    this.onBytes(sharedRead.buffer, count)
  }

  onEof(): void {
    this.#end(this.#goaway ?? { ...closedLoss, kind: 'socket', text: 'unexpected EOF' }, undefined)
  }

  onSocketError(error: Error): void {
    this.#end(this.#goaway ?? { ...closedLoss, kind: 'socket', text: error.message, error }, undefined)
  }

  // What the peer says.

  onTooLong(): void {
    this.#fail(h2Code.frameSizeError, 'frame too large')
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const block = this.#block
    if (block !== undefined && (type !== frame.continuation || id !== block.id)) {
      return this.#fail(h2Code.protocolError, 'no CONTINUATION after a header block')
    }
    if (!this.#settled && type !== frame.settings) {
      return this.#fail(h2Code.protocolError, 'the first frame is no SETTINGS')
    }
    switch (type) {
      case frame.data:
        return this.#onData(flags, id, bytes, start, end)
      case frame.headers:
        return this.#onHeaders(flags, id, bytes, start, end)
      case frame.continuation:
        return this.#onContinuation(flags, bytes, start, end)
      case frame.rstStream:
        return this.#onReset(id, bytes, start, end)
      case frame.settings:
        return this.#onSettings(flags, id, bytes, start, end)
      case frame.ping:
        return this.#onPing(flags, id, bytes, start, end)
      case frame.goaway:
        return this.#onGoaway(id, bytes, start, end)
      case frame.windowUpdate:
        return this.#onWindowUpdate(id, bytes, start, end)
      case frame.pushPromise:
        // Refused in our settings.
        return this.#fail(h2Code.protocolError, 'PUSH_PROMISE')
      case frame.priority:
        if (id === 0) return this.#fail(h2Code.protocolError, 'PRIORITY on no stream')
        if (end - start !== 5) return this.#fail(h2Code.frameSizeError, 'PRIORITY of a wrong size')
        return this.#countIdle()
      default:
        return this.#countIdle()
    }
  }

  #onData(flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const total = end - start
    if (id === 0 || this.#isIdle(id)) return this.#fail(h2Code.protocolError, 'DATA on no stream')
    let [from, to] = [start, end]
    if (flags & flag.padded) {
      const padding = total > 0 ? (bytes[start] as number) : 0
      if (padding + 1 > total) return this.#fail(h2Code.protocolError, 'pad size larger than data payload')
      from++
      to -= padding
    }
    const ends = (flags & flag.endStream) !== 0
    if (from === to && !ends) {
      if (!this.#countIdle()) return false
    } else this.#idleFrames = 0
    this.#received += total
    if (this.#received >= connectionWindow / 2) {
      this.#write(windowUpdateFrame(0, this.#received))
      this.#received = 0
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return true
    stream.receiveWindow -= total
    if (stream.receiveWindow < 0) return this.#fail(h2Code.flowControlError, 'more DATA than the window')
    const listener = stream.listener
    if (!stream.answered) {
      this.#refuse(stream, h2Code.protocolError, 'received DATA before a HEADERS frame')
      return true
    }
    if (ends) this.#finish(stream)
    else if (stream.receiveWindow < streamWindow / 2) {
      this.#write(windowUpdateFrame(id, streamWindow - stream.receiveWindow))
      stream.receiveWindow = streamWindow
    }
    if (from < to || ends) listener?.onData(bytes.subarray(from, to), ends)
    return !this.#closed
  }

  #onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (id === 0 || this.#isIdle(id)) return this.#fail(h2Code.protocolError, 'HEADERS on no stream')
    let [from, to] = [start, end]
    if (flags & flag.padded) {
      const padding = from < to ? (bytes[from] as number) : 0
      from++
      to -= padding
    }
    if (flags & flag.priority) from += 5
    if (from > to) return this.#fail(h2Code.protocolError, 'pad size larger than the header block')
    const ends = (flags & flag.endStream) !== 0
    if (flags & flag.endHeaders) return this.#onBlock(id, ends, bytes, from, to)
    this.#block = { id, end: ends, parts: [Buffer.from(bytes.subarray(from, to))], bytes: to - from }
    return true
  }

  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): boolean {
    const block = this.#block
    if (block === undefined) return this.#fail(h2Code.protocolError, 'CONTINUATION without a header block')
    if (start === end && !this.#countIdle()) return false
    block.bytes += end - start
    // Not decoding it would put the tables out of step, so this ends the connection (CVE-2024-27316 and its kin).
    if (block.bytes > maxBlockBytes) return this.#fail(h2Code.enhanceYourCalm, 'header block too large')
    if (start < end) block.parts.push(Buffer.from(bytes.subarray(start, end)))
    if (!(flags & flag.endHeaders)) return true
    this.#block = undefined
    const whole = Buffer.concat(block.parts, block.bytes)
    return this.#onBlock(block.id, block.end, whole, 0, whole.length)
  }

  #onBlock(id: number, end: boolean, bytes: Buffer, from: number, to: number): boolean {
    let fields: Fields | undefined
    try {
      fields = this.#decoder.decode(bytes, from, to)
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      return this.#fail(h2Code.compressionError, error.message)
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#countIdle()
    const listener = stream.listener
    if (fields === undefined) {
      this.#refuse(stream, h2Code.protocolError, 'http2: response header list larger than advertised limit')
      return !this.#closed
    }
    if (!stream.answered) {
      const status = fields[0] === ':status' ? (fields[1] as string) : ''
      if (status.length === 3 && status.startsWith('1') && status !== '101') {
        if (!end) return this.#countIdle()
        this.#refuse(stream, h2Code.protocolError, '1xx informational response with END_STREAM flag')
        return !this.#closed
      }
      stream.answered = true
    } else if (!end) {
      this.#refuse(stream, h2Code.protocolError, 'trailers without END_STREAM')
      return !this.#closed
    }
    this.#idleFrames = 0
    if (end) this.#finish(stream)
    listener?.onHeaders(fields, end)
    return !this.#closed
  }

  #onReset(id: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start !== 4) return this.#fail(h2Code.frameSizeError, 'RST_STREAM of a wrong size')
    if (id === 0 || this.#isIdle(id)) return this.#fail(h2Code.protocolError, 'RST_STREAM on no stream')
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#countIdle()
    const { listener } = stream
    stream.localClosed = true
    this.#finish(stream)
    listener?.onReset(bytes.readUInt32BE(start), true, 'received from peer')
    return !this.#closed
  }

  #onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (id !== 0) return this.#fail(h2Code.protocolError, 'SETTINGS on a stream')
    if (flags & flag.ack) {
      if (end > start) return this.#fail(h2Code.frameSizeError, 'SETTINGS acknowledged with a payload')
      return this.#settled ? this.#countIdle() : this.#fail(h2Code.protocolError, 'the first frame is no SETTINGS')
    }
    if ((end - start) % 6 !== 0) return this.#fail(h2Code.frameSizeError, 'SETTINGS of a wrong size')
    if (!this.#countIdle()) return false
    const first = !this.#settled
    if (first) this.maxStreams = this.#unnamedMaxStreams
    this.#settled = true
    for (let at = start; at < end; at += 6) {
      if (!this.#setting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))) return false
    }
    this.#write(settingsAck)
    if (this.#closed) return false
    this.#pump()
    if (first) this.#events.ready?.()
    this.#events.room?.()
    return !this.#closed
  }

  #setting(id: number, value: number): boolean {
    switch (id) {
      case setting.headerTableSize:
        this.#encoder.limitTable(value)
        return true
      case setting.enablePush:
        return value === 0 || this.#fail(h2Code.protocolError, 'ENABLE_PUSH from a server')
      case setting.maxConcurrentStreams:
        this.maxStreams = value
        return true
      case setting.initialWindowSize: {
        if (value > maxWindow) return this.#fail(h2Code.flowControlError, 'INITIAL_WINDOW_SIZE too large')
        const more = value - this.#peerWindow
        this.#peerWindow = value
        for (const stream of this.#streams.values()) {
          stream.sendWindow += more
          if (stream.sendWindow > maxWindow) return this.#fail(h2Code.flowControlError, 'window too large')
        }
        return true
      }
      case setting.maxFrameSize:
        if (value < maxFrameBytes || value > 2 ** 24 - 1) {
          return this.#fail(h2Code.protocolError, 'MAX_FRAME_SIZE out of range')
        }
        this.#peerFrame = value
        return true
      default:
        return true
    }
  }

  #onPing(flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (id !== 0) return this.#fail(h2Code.protocolError, 'PING on a stream')
    if (end - start !== 8) return this.#fail(h2Code.frameSizeError, 'PING of a wrong size')
    if (!this.#countIdle()) return false
    if (!(flags & flag.ack)) {
      this.#write(frameHead(8, frame.ping, flag.ack, 0) + (bytes as Latin1Buffer).latin1Slice(start, end))
    }
    return !this.#closed
  }

  #onGoaway(id: number, bytes: Buffer, start: number, end: number): boolean {
    if (id !== 0) return this.#fail(h2Code.protocolError, 'GOAWAY on a stream')
    if (end - start < 8) return this.#fail(h2Code.frameSizeError, 'GOAWAY of a wrong size')
    if (!this.#countIdle()) return false
    const lastStreamId = bytes.readUInt32BE(start) & maxWindow
    const errorCode = bytes.readUInt32BE(start + 4)
    const text = (bytes as Latin1Buffer).latin1Slice(start + 8, Math.min(end, start + 8 + 256))
    // A second GOAWAY that says nothing new does not hide what was wrong, nor the words of the first.
    const old = this.#goaway
    const loss: Loss = {
      kind: 'goaway',
      errorCode: old === undefined || old.errorCode === 0 ? errorCode : old.errorCode,
      text: old === undefined || old.text === '' ? text : old.text,
      lastStreamId,
      error: undefined,
    }
    this.#goaway = loss
    this.#stopOpening(loss)
    for (const stream of Array.from(this.#streams.values())) {
      if (stream.id > lastStreamId) this.#lose(stream, loss, true)
    }
    if (this.#streams.size === 0) this.#end(loss, undefined)
    return !this.#closed
  }

  #onWindowUpdate(id: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start !== 4) return this.#fail(h2Code.frameSizeError, 'WINDOW_UPDATE of a wrong size')
    if (this.#isIdle(id)) return this.#fail(h2Code.protocolError, 'WINDOW_UPDATE on no stream')
    const more = bytes.readUInt32BE(start) & maxWindow
    if (this.#held.size === 0 && !this.#countIdle()) return false
    if (id === 0) {
      if (more === 0) return this.#fail(h2Code.protocolError, 'WINDOW_UPDATE of nothing')
      this.#sendWindow += more
      if (this.#sendWindow > maxWindow) return this.#fail(h2Code.flowControlError, 'window too large')
    } else {
      const stream = this.#streams.get(id)
      if (stream === undefined) return true
      stream.sendWindow += more
      if (more === 0) this.#refuse(stream, h2Code.protocolError, 'WINDOW_UPDATE of nothing')
      else if (stream.sendWindow > maxWindow) this.#refuse(stream, h2Code.flowControlError, 'window too large')
    }
    this.#pump()
    return !this.#closed
  }

  // Sending.

  /** A small frame: it leaves with the next write, at the latest when this turn of the event loop ends. */
  #write(text: string): void {
    if (this.#closed) return
    // Answers to what the peer asks for wait here when it does not read them.
    if (this.#queued + this.#control.length > 4 * maxQueuedBytes) {
      this.#fail(h2Code.enhanceYourCalm, 'answers are not read')
      return
    }
    this.#control += text
    if (this.#flushDue) return
    this.#flushDue = true
    systemClock.soon(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushDue = false
    if (this.#control !== '' && !this.#closed) this.#put('')
  }

  /** Writes, after the small frames that wait. */
  #put(text: string): void {
    const control = this.#control
    this.#control = ''
    const all = control === '' ? text : control + text
    const handle = this.#handle
    const socket = this.#socket
    // What the stream holds back has to go first.
    if (handle === undefined || socket.writableLength > 0 || socket.destroyed) {
      socket.write(all, 'latin1')
      return
    }
    const outcome = directWrite(handle, all, (status) => {
      this.#unsent -= all.length
      if (status < 0) socket.destroy(writeError(status))
      else if (!this.#closed && this.#unsent === 0) this.#pump()
    })
    if (outcome > 0) this.#unsent += all.length
    else if (outcome < 0) process.nextTick(() => socket.destroy(writeError(outcome)))
  }

  /** Bytes that the kernel has not taken yet. */
  get #queued(): number {
    return this.#socket.writableLength + this.#unsent
  }

  #fits(stream: StreamState, body: Buffer): boolean {
    const { length } = body
    return length <= joinedBytes && length <= stream.sendWindow && length <= this.#sendWindow && this.#held.size === 0
  }

  #spend(stream: StreamState, bytes: number): void {
    stream.sendWindow -= bytes
    this.#sendWindow -= bytes
  }

  #pump(): void {
    for (const stream of this.#held) {
      if (this.#closed) return
      this.#send(stream)
    }
  }

  #send(stream: StreamState): void {
    const { waiting } = stream
    const socket = this.#socket
    while (waiting.length > 0) {
      const bytes = waiting[0] as Buffer
      const room = Math.min(stream.sendWindow, this.#sendWindow, this.#peerFrame, bytes.length)
      if (room <= 0 || this.#queued > maxQueuedBytes) return
      const whole = room === bytes.length
      const last = whole && waiting.length === 1 && stream.waitingEnd
      const head = frameHead(room, frame.data, last ? flag.endStream : 0, stream.id)
      if (room <= joinedBytes) this.#put(head + (bytes as Latin1Buffer).latin1Slice(0, room))
      else {
        socket.cork()
        this.#put(head)
        socket.write(whole ? bytes : bytes.subarray(0, room))
        socket.uncork()
      }
      this.#idleFrames = 0
      this.#spend(stream, room)
      if (whole) waiting.shift()
      else waiting[0] = bytes.subarray(room)
      if (last) this.#closeLocal(stream)
    }
    if (stream.waitingEnd) {
      this.#put(frameHead(0, frame.data, flag.endStream, stream.id))
      this.#closeLocal(stream)
    }
    this.#held.delete(stream)
    stream.listener?.onDrain?.()
  }

  #closeLocal(stream: StreamState): void {
    stream.waitingEnd = false
    stream.localClosed = true
  }

  // Ends.

  /** True for a stream that was never opened: nothing may come on it. */
  #isIdle(id: number): boolean {
    return id !== 0 && (id % 2 === 0 || id >= this.#nextId)
  }

  #countIdle(): boolean {
    if (++this.#idleFrames <= maxIdleFrames) return true
    return this.#fail(h2Code.enhanceYourCalm, 'too many frames that bring nothing')
  }

  /** The peer has ended the stream; what we still had to say is not wanted. */
  #finish(stream: StreamState): void {
    stream.listener = undefined
    this.#drop(stream, stream.localClosed ? undefined : h2Code.noError)
  }

  /** Tells the listener and the peer that the stream is no HTTP. */
  #refuse(stream: StreamState, errorCode: number, cause: string): void {
    const { listener } = stream
    stream.listener = undefined
    this.#drop(stream, errorCode)
    listener?.onReset(errorCode, false, cause)
  }

  #drop(stream: StreamState, errorCode: number | undefined): void {
    if (!this.#streams.delete(stream.id)) return
    this.#held.delete(stream)
    stream.waiting.length = 0
    stream.waitingEnd = false
    if (errorCode !== undefined) this.#write(resetFrame(stream.id, errorCode))
    if (this.#closed) return
    if (this.#goaway !== undefined && this.#streams.size === 0) {
      // After the listener has had its say.
      process.nextTick(() => this.#end(this.#goaway as Loss, undefined))
    } else this.#events.room?.()
  }

  #lose(stream: StreamState, loss: Loss, unprocessed: boolean): void {
    const { listener } = stream
    stream.listener = undefined
    this.#streams.delete(stream.id)
    this.#held.delete(stream)
    listener?.onLost(loss, unprocessed)
  }

  #stopOpening(loss: Loss): void {
    if (this.isClosing) return
    this.isClosing = true
    this.#events.closing?.(loss)
  }

  /** The peer has broken the protocol. Always false: nothing more is read. */
  #fail(errorCode: number, text: string): false {
    this.#end({ kind: 'connection error', errorCode, text, lastStreamId: 0, error: undefined }, errorCode)
    return false
  }

  #end(loss: Loss, goaway: number | undefined): void {
    if (this.#closed) return
    this.#closed = true
    const socket = this.#socket
    if (goaway !== undefined && socket.errored == null && socket.writable) this.#put(goawayFrame(0, goaway))
    socket.destroy()
    if (this.#raw !== socket) this.#raw.destroy()
    this.#block = undefined
    this.#stopOpening(loss)
    for (const stream of Array.from(this.#streams.values())) this.#lose(stream, loss, false)
  }
}

interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** Up to this, a body is copied into one write with its frame's head. */
const joinedBytes = 8192
/** Go's bound of streams where a server names none. */
const goMaxStreams = 1000
const closedLoss: Loss = { kind: 'closed', errorCode: 0, text: '', lastStreamId: 0, error: undefined }
const settingsAck = frameHead(0, frame.settings, flag.ack, 0)
const opening =
  preface +
  settingsFrame([
    [setting.enablePush, 0],
    [setting.initialWindowSize, streamWindow],
    [setting.maxHeaderListSize, maxListBytes],
  ]) +
  frameHead(4, frame.windowUpdate, 0, 0) +
  uint32(connectionWindow)
