/**
 * One WebSocket of one VU on a raw socket: dial, handshake, frames, close. Knows nothing of the script: both APIs
 * (`k6/ws`, `k6/websockets`) sit on it. Callbacks come from the socket, never from inside a method.
 */
import type { Socket } from 'node:net'
import { type Cancel, nowMs } from '#base/clock.js'
import type { DialEvents } from '../../http1/dialer.js'
import { type DirectHandle, type DirectReader, directWrite, takeHandle, writeError } from '../../http1/direct-socket.js'
import { type Fault, ioFault } from '../../http1/faults.js'
import { ResponseParser } from '../../http1/parser.js'
import { adopt, sharedRead, type SocketReader } from '../../http1/socket-reader.js'
import { tlsFault } from '../../http1/tls-faults.js'
import type { VuScope } from '../../types.js'
import { closeText } from './close-text.js'
import { agreedDeflate, deflateMessage, inflateMessage } from './deflate.js'
import { type FrameEvents, FrameParser, type MessageBudget } from './frame-parser.js'
import { bytesFrame, closePayload, opcodes, textFrame, type WireFrame } from './frame-writer.js'
import {
  handshakeRequest,
  isAccepted,
  keepCookies,
  placeOf,
  type WsAnswer,
  wsAnswer,
  type WsPlace,
  type WsRequest,
} from './handshake.js'

export interface WsListener {
  /** `tookMs` from the beginning of the dial, as `ws_connecting` counts. */
  opened(answer: WsAnswer, tookMs: number, ip: string): void
  /** `error` in k6's words; `answer` when the server did answer. */
  refused(error: string, answer: WsAnswer | undefined, tookMs: number): void
  text(message: string): void
  /** `bytes` is valid until this returns. */
  binary(bytes: Buffer): void
  ping(payload: Buffer): void
  pong(payload: Buffer): void
  /** Nothing more will be read. */
  ended(end: WsEnd): void
}

/** Why reading ended. */
export interface WsEnd {
  /** A close frame's, or 1006 when the connection broke off; 0 after any other error. */
  readonly code: number
  readonly reason: string
  /** As k6 shows it: `websocket: close 1011 (internal server error): bye`. */
  readonly error: string
}

const handshakeTimeoutMs = 60_000
/** Bytes that may wait to be written; a script that sends faster than the network takes must not fill the memory. */
const maxUnsentBytes = 268_435_456
/** gorilla reads so much of a refusal. */
const maxRefusalBytes = 1024

const isDialling = 0
const isShakingHands = 1
const isOpen = 2
const isClosed = 3

export class WsClient implements DialEvents, SocketReader, DirectReader, FrameEvents {
  readonly #vu: VuScope
  readonly #request: WsRequest
  readonly #listener: WsListener
  #place: WsPlace | undefined
  #state = isDialling
  #socket: Socket | undefined
  #raw: Socket | undefined
  /** Of a plain socket that is used below its stream. */
  #handle: DirectHandle | undefined
  #handleProven = false
  /** Bytes of a direct write that the kernel has not taken yet. */
  #directBytes = 0
  #beganMs = 0
  #timeout: Cancel | undefined
  #accept = ''
  #head: ResponseParser | undefined
  #frames: FrameParser | undefined
  #deflates = false
  #closeSent = false
  /** The peer has nothing more to say; writing may still work. */
  #ended = false
  #rawReceived = 0
  #rawSent = 0
  #ip = ''
  #local = ''
  #remote = ''

  constructor(vu: VuScope, request: WsRequest, listener: WsListener) {
    this.#vu = vu
    this.#request = request
    this.#listener = listener
  }

  /** Starts the dial; the listener hears of it later. */
  connect(): void {
    const { clock, connections } = this.#vu
    this.#beganMs = nowMs()
    let place: WsPlace
    let head: string
    try {
      place = placeOf(this.#request.url)
      ;({ head, accept: this.#accept } = handshakeRequest(this.#request, place, clock.unixMs()))
    } catch (error) {
      clock.soon(() => this.#refuse((error as Error).message))
      return
    }
    this.#place = place
    this.#requestHead = head
    this.#timeout = clock.coarseAt(clock.nowNs() + handshakeTimeoutMs * 1e6, () => this.#timedOut())
    connections.dial(place.target, this, { tunnel: true })
  }
  #requestHead = ''

  get isOpen(): boolean {
    return this.#state === isOpen
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return (this.#socket?.writableLength ?? 0) + this.#directBytes
  }

  /** @returns what went wrong, '' = nothing */
  sendText(text: string): string {
    if (this.#deflates) return this.#send(bytesFrame(opcodes.text, deflateMessage(Buffer.from(text, 'utf8')), true))
    return this.#send(textFrame(text))
  }

  sendBinary(bytes: Uint8Array): string {
    if (this.#deflates) return this.#send(bytesFrame(opcodes.binary, deflateMessage(bytes), true))
    return this.#send(bytesFrame(opcodes.binary, bytes))
  }

  sendPing(payload: string): string {
    return this.#send(bytesFrame(opcodes.ping, Buffer.from(payload, 'utf8')))
  }

  sendPong(payload: Uint8Array): string {
    return this.#send(bytesFrame(opcodes.pong, payload))
  }

  sendClose(code: number, reason: string): string {
    const problem = this.#send(bytesFrame(opcodes.close, closePayload(code, reason)))
    this.#closeSent = true
    return problem
  }

  /** Reads no more until `resume`: the script cannot keep up. */
  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** Ends the connection; what was written still goes out. Nothing is heard of it any more. */
  destroy(): void {
    if (this.#state === isClosed) return
    const wasOpen = this.#state === isOpen
    this.#state = isClosed
    this.#timeout?.()
    this.#frames?.stop()
    this.#head?.drop()
    this.#countRaw()
    const socket = this.#socket
    if (socket === undefined) return
    // Without a listener of its own a dial that is given up would throw its error.
    socket.on('error', ignore)
    if (!wasOpen) {
      socket.destroy()
      this.#raw?.destroy()
    } else if (this.unsentBytes === 0 && this.#raw === undefined) this.#hangUp(socket)
    else {
      socket.end(() => this.#hangUp(socket))
      // A peer that never reads does not keep the socket for ever.
      const { clock } = this.#vu
      clock.coarseAt(clock.nowNs() + lingerMs * 1e6, () => this.#hangUp(socket))
    }
  }

  #hangUp(socket: Socket): void {
    socket.destroy()
    this.#raw?.destroy()
  }

  // Dialling.

  get abandoned(): boolean {
    return this.#state !== isDialling
  }

  connecting(socket: Socket, ip: string, port: number): void {
    this.#socket = socket
    this.#ip = ip
    this.#remote = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
  }

  connected(): void {}

  handshaking(): void {}

  failed(problem: Fault): void {
    // A dial may fail before `connect` returned.
    process.nextTick(() => this.#refuse(problem.detail))
  }

  opened(socket: Socket, raw: Socket, tunnelled: boolean): void {
    this.#state = isShakingHands
    this.#socket = socket
    if (socket !== raw) this.#raw = raw
    const address = raw.localAddress ?? ''
    this.#local = `${address.includes(':') ? `[${address}]` : address}:${raw.localPort ?? 0}`
    this.#head = new ResponseParser({ usedBytes: 0 })
    this.#head.start(false, false, undefined)
    adopt(socket, raw, this, tunnelled)
    if (socket === raw && !tunnelled && this.#vu.connections.direct) this.#handle = takeHandle(socket, this)
    this.#write(this.#requestHead)
  }

  // On the wire.

  onDirectBytes(count: number): void {
    this.onBytes(sharedRead.buffer, count)
  }

  onBytes(buf: Buffer, count: number): void {
    if (this.#raw === undefined) this.#vu.dataReceived += count
    else this.#countRaw()
    if (this.#state === isOpen) this.#frames?.feed(buf, 0, count)
    else if (this.#state === isShakingHands) this.#readAnswer(buf, count)
  }

  onEof(): void {
    if (this.#state === isShakingHands) {
      const head = this.#head as ResponseParser
      if (head.head !== undefined) return this.#answered(0)
      head.eof()
      if (head.done) this.#answered(0)
      else this.#refuse(head.error === 'EOF' ? 'unexpected EOF' : head.error)
    } else if (this.#state === isOpen)
      this.#end({ code: 1006, reason: unexpectedEof, error: closeText(1006, unexpectedEof) })
  }

  onSocketError(error: Error): void {
    const e = error as NodeJS.ErrnoException
    const tls = e.code === undefined || e.code.startsWith('ERR_')
    const problem = tls ? tlsFault(error) : ioFault(error, 'tcp', this.#local, this.#remote)
    if (this.#state === isShakingHands) this.#refuse(problem.detail)
    else if (this.#state === isOpen) this.#end({ code: 0, reason: '', error: problem.detail })
  }

  onMessage(buf: Buffer, start: number, end: number, binary: boolean, compressed: boolean): void {
    let bytes: RawBuffer = buf as RawBuffer
    let [from, to] = [start, end]
    if (compressed) {
      const message = inflateMessage(buf.subarray(start, end))
      if (message === undefined) return this.onFault('invalid compressed message', 1002)
      bytes = message as RawBuffer
      from = 0
      to = message.length
    }
    if (binary) this.#listener.binary(bytes.subarray(from, to))
    else this.#listener.text(bytes.utf8Slice(from, to))
  }

  onPing(payload: Buffer): void {
    this.#listener.ping(payload)
  }

  onPong(payload: Buffer): void {
    this.#listener.pong(payload)
  }

  onClose(code: number, reason: string): void {
    this.#end({ code, reason, error: closeText(code, reason) })
  }

  onFault(reason: string, code: 1002 | 1009): void {
    this.sendClose(code, code === 1002 ? reason : '')
    this.#end({ code: 0, reason: '', error: `websocket: ${reason}` })
  }

  #readAnswer(buf: Buffer, count: number): void {
    const parser = this.#head as ResponseParser
    const used = parser.feed(buf, 0, count)
    if (parser.error !== '') return this.#refuse(parser.error)
    if (parser.head === undefined) return
    if (!parser.done && (parser.partialBody()?.length ?? 0) < maxRefusalBytes) return
    this.#answered(count - used, buf, used)
  }

  #answered(left: number, buf?: Buffer, at = 0): void {
    const parser = this.#head as ResponseParser
    const { status, rawHeaders } = parser.head as NonNullable<typeof parser.head>
    const body = (parser.done ? parser.body : parser.partialBody())?.subarray(0, maxRefusalBytes)
    const answer = wsAnswer(status, rawHeaders, status === 101 ? '' : (body?.toString('utf8') ?? ''))
    keepCookies(this.#request, this.#place as WsPlace, answer, this.#vu.clock.unixMs())
    if (!isAccepted(answer, this.#accept)) return this.#refuse('websocket: bad handshake', answer)
    const deflate = agreedDeflate(answer.extensions)
    if (deflate === 'invalid') return this.#refuse('websocket: invalid compression negotiation', answer)
    this.#timeout?.()
    this.#deflates = deflate === 'yes'
    this.#head = undefined
    const budget = this.#vu.shared<MessageBudget>('k6/ws:budget', () => ({ usedBytes: 0 }))
    this.#frames = new FrameParser(this, budget, this.#deflates)
    this.#state = isOpen
    this.#listener.opened(answer, nowMs() - this.#beganMs, this.#ip)
    // A server that speaks at once sends its first frames with the answer.
    if (left > 0 && buf !== undefined) this.#frames.feed(buf, at, at + left)
  }

  #timedOut(): void {
    const { target } = this.#place as WsPlace
    this.#refuse(
      this.#state === isDialling
        ? `dial tcp ${this.#remote || `${target.host}:${target.port}`}: i/o timeout`
        : `read tcp ${this.#local}->${this.#remote}: i/o timeout`,
    )
  }

  #refuse(error: string, answer?: WsAnswer): void {
    if (this.#state === isClosed) return
    this.destroy()
    this.#listener.refused(error, answer, nowMs() - this.#beganMs)
  }

  #end(end: WsEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#frames?.stop()
    this.#listener.ended(end)
  }

  #send(frame: WireFrame): string {
    if (this.#closeSent) return 'websocket: close sent'
    const socket = this.#socket
    if (this.#state !== isOpen || socket === undefined || socket.destroyed || socket.errored != null) {
      return `write tcp ${this.#local}->${this.#remote}: use of closed network connection`
    }
    if (this.unsentBytes > maxUnsentBytes) {
      return `perfwright: more than ${maxUnsentBytes} bytes wait to be sent`
    }
    this.#write(frame)
    return ''
  }

  #write(frame: WireFrame): void {
    const socket = this.#socket as Socket
    if (this.#raw === undefined) this.#vu.dataSent += frame.length
    if (typeof frame !== 'string') socket.write(frame)
    else if (this.#handle === undefined || this.unsentBytes > 0) socket.write(frame, 'latin1')
    else this.#writeDirect(this.#handle, socket, frame)
  }

  #writeDirect(handle: DirectHandle, socket: Socket, frame: string): void {
    const before = this.#handleProven ? 0 : handle.bytesWritten
    const outcome = directWrite(handle, frame, (status) => {
      this.#directBytes = 0
      if (status < 0) socket.destroy(writeError(status))
    })
    if (outcome > 0) this.#directBytes = frame.length
    else if (outcome < 0) socket.destroy(writeError(outcome))
    else if (!this.#handleProven) {
      // The first write shows whether this Node's handles still do what is expected of them.
      if (handle.bytesWritten - before === frame.length) this.#handleProven = true
      else this.#handle = undefined
    }
  }

  /** Under TLS what counts is what the TCP socket moved. */
  #countRaw(): void {
    const raw = this.#raw
    if (raw === undefined) return
    const received = raw.bytesRead
    const sent = raw.bytesWritten
    this.#vu.dataReceived += received - this.#rawReceived
    this.#vu.dataSent += sent - this.#rawSent
    this.#rawReceived = received
    this.#rawSent = sent
  }
}

const unexpectedEof = 'unexpected EOF'
const lingerMs = 10_000

/** In Node since version 0.5, absent from its types. */
interface RawBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
}

function ignore(): void {}
