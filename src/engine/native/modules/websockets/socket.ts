/** One WebSocket of the browser's API: its state, its events on the VU's loop, its samples. */
import { nowMs } from '#base/clock.js'
import type { LoopChannel, Realm, VuScope } from '../../types.js'
import { parseGoUrl } from '../http/go-url.js'
import { quote } from '../http/go-text.js'
import { WsClient, type WsEnd, type WsListener } from '../ws/client.js'
import type { WsAnswer } from '../ws/handshake.js'
import { readWsParams, type WsParams } from '../ws/params.js'
import { SessionSamples, wsShared } from '../ws/samples.js'
import { type BlobClass, copyOf, goType, viewOf } from './blob.js'
import { isThenable } from '../ws/handler-queue.js'
import { type EventName, eventNames, type Listener, Listeners } from './listeners.js'
import { turnsOf, type Turns } from './turns.js'

const connecting = 0
const open = 1
const closing = 2
const closed = 3

/** @throws realm's GoError in k6's words */
export function openSocket(vu: VuScope, blobs: BlobClass, url: unknown, protocols: unknown, params: unknown): object {
  const { realm } = vu
  if (vu.phase === 'init') throw new realm.GoError('using websockets in the init context is not supported')
  let read: WsParams
  let text: string
  try {
    text = checkUrl(url)
    read = readWsParams(vu, params, {
      tagsError: 'invalid WebSocket tags option',
      emptyCompression: false,
      unknownKey: (key) => {
        throw new Error(`unknown WebSocket's option ${key}`)
      },
    })
  } catch (error) {
    throw new realm.GoError((error as Error).message)
  }
  if (typeof protocols === 'string') read.protocols.push(protocols)
  else if (Array.isArray(protocols)) read.protocols.push(...protocols.map(String))
  return new BrowserSocket(vu, blobs, text, read).object
}

function checkUrl(value: unknown): string {
  if (value === undefined || value === null) throw new Error('WebSocket requires a url')
  const text = String(value)
  let url: ReturnType<typeof parseGoUrl>
  try {
    url = parseGoUrl(text)
  } catch (error) {
    throw new Error(
      `WebSocket requires valid url, but got ${quote(text)} which resulted in ${(error as Error).message}`,
      { cause: error },
    )
  }
  if (url.scheme !== 'ws' && url.scheme !== 'wss') {
    throw new Error(`WebSocket requires url with scheme ws or wss, but got ${quote(url.scheme)}`)
  }
  if (url.fragment !== '') throw new Error(`WebSocket requires no url fragment, but got ${quote(url.fragment)}`)
  return text
}

class BrowserSocket implements WsListener {
  readonly object: object
  readonly #vu: VuScope
  readonly #blobs: BlobClass
  readonly #url: string
  readonly #client: WsClient
  readonly #channel: LoopChannel
  readonly #samples: SessionSamples
  readonly #listeners = new Listeners()
  readonly #turns: Turns
  readonly #beganMs: number
  #state = connecting
  #binaryType: 'blob' | 'arraybuffer' = 'blob'
  #protocol = ''
  #extensions: readonly string[] = []
  /** What `bufferedAmount` shows until the turn in which it was sent is over. */
  #justSent = 0
  #sentInTurn = -1
  #closeCode = 0
  #closeReason = ''

  constructor(vu: VuScope, blobs: BlobClass, url: string, params: WsParams) {
    this.#vu = vu
    this.#blobs = blobs
    this.#url = url
    this.#turns = turnsOf(vu)
    this.#beganMs = nowMs()
    this.#samples = new SessionSamples(vu, params.tags)
    this.object = this.#makeObject()
    this.#channel = vu.loop.channel(() => this.#dropped())
    this.#client = new WsClient(vu, { url, ...params }, this)
    this.#client.connect()
  }

  // What the connection tells.

  opened(answer: WsAnswer, tookMs: number, ip: string): void {
    this.#protocol = answer.protocol
    this.#emitConnected(answer, tookMs, ip)
    this.#channel.run(() => {
      if (this.#state !== connecting) return undefined
      this.#state = open
      return this.#guarded('open', this.#event('open'))
    })
  }

  refused(error: string, answer: WsAnswer | undefined, tookMs: number): void {
    this.#emitConnected(answer, tookMs, '')
    this.#channel.run(() => this.#closed(error))
    this.#channel.close()
  }

  text(message: string): void {
    this.#channel.run(() => this.#deliver(message))
  }

  binary(bytes: Buffer): void {
    const copy = copyOf(this.#vu.realm, bytes)
    this.#channel.run(() => this.#deliver(this.#binaryType === 'blob' ? this.#blobs.make(copy) : copy.buffer))
  }

  ping(payload: Buffer): void {
    const problem = this.#client.sendPong(payload)
    this.#channel.run(() => (problem === '' ? this.#call('ping') : this.#callError(problem)))
  }

  pong(payload: Buffer): void {
    const atMs = nowMs()
    this.#channel.run(() => {
      const id = payload.toString('utf8')
      if (!this.#samples.ponged(id, atMs)) this.#vu.log.warn(`received pong for unknown ping ID ${id}`)
      return this.#call('pong')
    })
  }

  ended(end: WsEnd): void {
    const unexpected = end.code !== 0 && end.code !== 1000 && end.code !== 1001
    this.#channel.run(() => {
      if (end.code !== 0) {
        this.#closeCode = end.code
        this.#closeReason = end.reason
      }
      return this.#closed(unexpected ? end.error : '')
    })
  }

  #deliver(data: unknown): unknown {
    if (this.#state !== open) return undefined
    this.#samples.received()
    if (!this.#listeners.has('message')) return undefined
    const event = messageEvents(this.#vu.realm)('message', this.object, this.#vu.clock.unixMs(), data, this.#url)
    return this.#guarded('message', event)
  }

  /** The iteration ends without this socket. */
  #dropped(): void {
    this.#state = closed
    this.#client.sendClose(1000, '')
    this.#client.destroy()
  }

  // What the script asks.

  #send(value: unknown): void {
    this.#assertOpen()
    let bytes: number
    let problem: string
    if (typeof value === 'string') {
      bytes = Buffer.byteLength(value)
      problem = this.#client.sendText(value)
    } else {
      // k6 sends no DataView.
      const binary = isDataView(value) ? undefined : (viewOf(value) ?? this.#blobs.bytesOf(value))
      if (binary === undefined) throw new this.#vu.realm.GoError(`unsupported send type ${goType(value)}`)
      bytes = binary.length
      problem = this.#client.sendBinary(binary)
    }
    this.#buffered(bytes)
    this.#wrote(problem)
  }

  #ping(): void {
    this.#assertOpen()
    const problem = this.#client.sendPing(this.#samples.nextPing())
    this.#samples.pinged(nowMs())
    this.#wrote(problem)
  }

  #close(codeGiven: unknown, reasonGiven: unknown): void {
    const { GoError } = this.#vu.realm
    if (this.#state === closed || this.#state === closing) return
    const code = Math.trunc(Number(codeGiven)) || 0
    const reason = reasonGiven === undefined ? '' : String(reasonGiven)
    if (code !== 0 && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new GoError(
        `InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${code} is neither`,
      )
    }
    if (Buffer.byteLength(reason) > 123) {
      throw new GoError(
        `SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than 123 bytes`,
      )
    }
    this.#state = closing
    this.#closeCode = code === 0 ? 1000 : code
    if (!this.#client.isOpen) {
      // Closed before it was open: there is nobody to tell yet.
      this.#client.destroy()
      this.#channel.post(() => this.#closed(''))
      return
    }
    this.#wrote(this.#client.sendClose(this.#closeCode, reason))
  }

  /** k6 counts everything that it writes, pings and close frames too. */
  #wrote(problem: string): void {
    if (problem === '') this.#samples.sent()
    else this.#channel.post(() => this.#closed(problem))
  }

  #assertOpen(): void {
    if (this.#state !== open) throw new this.#vu.realm.GoError('InvalidStateError')
  }

  #buffered(bytes: number): void {
    const turn = this.#turns.now()
    this.#justSent = (this.#sentInTurn === turn ? this.#justSent : 0) + bytes
    this.#sentInTurn = turn
  }

  // Events.

  #emitConnected(answer: WsAnswer | undefined, tookMs: number, ip: string): void {
    const shared = wsShared(this.#vu)
    let { tags } = this.#samples
    if (ip !== '') tags = shared.with(tags, 'ip', ip)
    if (answer !== undefined) {
      this.#extensions = answer.extensions
      tags = shared.answered(tags, answer, this.#protocol)
    }
    const given = tags.get('name')
    const url = given ?? shared.urlTag(this.#url)
    tags = shared.with(tags, 'url', url)
    this.#samples.tags = given === undefined ? shared.with(tags, 'name', url) : tags
    this.#samples.connected(tookMs)
  }

  /** What the connection's end means to the script; once. */
  #closed(error: string): unknown {
    if (this.#state === closed) return undefined
    this.#state = closed
    if (this.#client.isOpen) this.#samples.ended(nowMs() - this.#beganMs)
    this.#client.destroy()
    this.#channel.close()
    const told = error === '' ? undefined : this.#callError(error)
    return isThenable(told) ? told.then(() => this.#callClose()) : this.#callClose()
  }

  #callError(error: string): unknown {
    const event = this.#event('error')
    fixed(event, 'error', error)
    return this.#listeners.call('error', event)
  }

  #callClose(): unknown {
    const event = this.#event('close')
    if (this.#closeCode !== 0) fixed(event, 'code', this.#closeCode)
    fixed(event, 'reason', this.#closeReason)
    return this.#listeners.call('close', event)
  }

  #call(name: EventName): unknown {
    return this.#listeners.has(name) ? this.#listeners.call(name, this.#event(name)) : undefined
  }

  /** An exception in a listener of `open` or `message` closes the socket, tells its listeners, and ends the iteration. */
  #guarded(name: EventName, event: object): unknown {
    try {
      const told = this.#listeners.call(name, event)
      return isThenable(told) ? told.then(undefined, (error) => this.#threw(error)) : undefined
    } catch (error) {
      return this.#threw(error)
    }
  }

  #threw(error: unknown): unknown {
    const told = this.#closed(String(error))
    if (!isThenable(told)) throw error
    return told.then(() => {
      throw error
    })
  }

  #event(name: EventName): Record<string, unknown> {
    const event = new this.#vu.realm.Object() as unknown as Record<string, unknown>
    const atMs = this.#vu.clock.unixMs()
    fixed(event, 'type', name)
    fixed(event, 'target', this.object)
    fixed(event, 'timestamp', atMs)
    return event
  }

  #makeObject(): object {
    const { realm } = this.#vu
    const object = new realm.Object() as unknown as Record<string, unknown>
    const shown = (name: string, get: () => unknown, set?: (value: unknown) => void): void => {
      Object.defineProperty(object, name, { get, ...(set && { set }), enumerable: true, configurable: false })
    }
    fixed(object, 'addEventListener', (name?: unknown, listener?: unknown) => this.#addListener(name, listener))
    fixed(object, 'send', (value?: unknown) => this.#send(value))
    fixed(object, 'ping', () => this.#ping())
    fixed(object, 'close', (code?: unknown, reason?: unknown) => this.#close(code, reason))
    fixed(object, 'url', this.#url)
    shown('readyState', () => this.#state)
    shown('bufferedAmount', () =>
      this.#sentInTurn === this.#turns.current ? this.#justSent : this.#client.unsentBytes,
    )
    shown('extensions', () => {
      const list = new realm.Array<string>()
      list.push(...this.#extensions)
      return list
    })
    shown('protocol', () => this.#protocol)
    shown(
      'binaryType',
      () => this.#binaryType,
      (value) => {
        if (value !== 'blob' && value !== 'arraybuffer') {
          throw new realm.GoError(
            `unknown binaryType ${String(value)}, the supported ones are "blob" and "arraybuffer"`,
          )
        }
        this.#binaryType = value
      },
    )
    for (const name of eventNames) {
      shown(
        `on${name}`,
        () => this.#listeners.getOn(name),
        (value) => {
          if (value !== undefined && value !== null && typeof value !== 'function') {
            throw new realm.GoError(`a value for 'on${name}' should be callable`)
          }
          this.#listeners.setOn(name, (value ?? undefined) as Listener | undefined)
        },
      )
    }
    return object
  }

  #addListener(name: unknown, listener: unknown): void {
    const { realm } = this.#vu
    if (listener === undefined || listener === null) {
      throw new realm.GoError(`handler for event type ${quote(String(name))} isn't a callable function`)
    }
    if (typeof listener !== 'function') {
      throw new realm.TypeError(
        `could not convert function call parameter 1: could not convert ${String(listener)} to func(sobek.Value) (sobek.Value, error)`,
      )
    }
    const known = eventNames.find((event) => event === name)
    if (known === undefined) this.#vu.log.warn(`can't add event handler: unknown event type: ${String(name)}`)
    else this.#listeners.add(known, listener as Listener)
  }
}

type MakeMessage = (type: string, target: object, timestamp: number, data: unknown, origin: string) => object

/** Makes the event of a message in the script's realm, in one go: it is the hot path, and five definitions are not. */
function messageEvents(realm: Realm): MakeMessage {
  let make = messageMakers.get(realm)
  if (make === undefined) {
    const names = ['type', 'target', 'timestamp', 'data', 'origin']
    make = realm.Function(...names, `return { ${names.join(', ')} }`) as MakeMessage
    messageMakers.set(realm, make)
  }
  return make
}

const messageMakers = new WeakMap<Realm, MakeMessage>()

function isDataView(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object DataView]'
}

/** A property that a script can read and list. */
function fixed(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: false, enumerable: true, configurable: false })
}
