/**
 * `perfwright/streaming`: answers of HTTP requests while they come, piece by piece or as Server-Sent Events, with the time
 * of each (docs/streaming.md). And `k6/x/sse`, the API of the extension xk6-sse, so that its scripts run without a build.
 */
import type { ModuleFactory, VuScope } from '../../types.js'
import { BareGet } from '../http/bare-get.js'
import { HttpClient } from '../http/client.js'
import { pages } from '../http/response-html.js'
import { callHandler, type Handler, HandlerQueue, type QueueOwner } from '../ws/handler-queue.js'
import { iterate } from './iterate.js'
import { defineStreamMetrics, type StreamMetrics } from './metrics.js'
import { prepare, type Prepared } from './request.js'
import { Stream, type StreamKind, type StreamSink } from './stream.js'
import { type TokenCounter, tokenCounters } from './tokens.js'

export { createSseModule } from './sse.js'

export const createStreamingModule: ModuleFactory = (vu) => {
  const client = new HttpClient(vu, pages, (made) => new BareGet(made))
  const metrics = defineStreamMetrics(vu)
  const exports = {
    stream: (...args: unknown[]) => stream(client, metrics, args),
    chunks: (...args: unknown[]) => iterable(client, metrics, args, false),
    events: (...args: unknown[]) => iterable(client, metrics, args, true),
  }
  return { ...exports, default: exports }
}

interface Callbacks {
  readonly onOpen: Handler | undefined
  readonly onChunk: Handler | undefined
  readonly onEvent: Handler | undefined
}

/** `stream(method, url, body, params)`: blocks until the stream is over. */
function stream(client: HttpClient, metrics: StreamMetrics, args: readonly unknown[]): unknown {
  const { vu } = client
  const params = (args[3] ?? {}) as Record<string, unknown>
  const callbacks = readCallbacks(vu, params)
  const kind = readKind(vu, params, callbacks.onEvent !== undefined)
  const prepared = prepareOrThrow(client, args, kind.events)
  return vu.loop.host<object>((resolve, reject) => {
    const call = new BlockingStream(client, metrics, prepared, kind, callbacks, resolve, reject)
    call.start()
    return () => call.abandon()
  })
}

function iterable(client: HttpClient, metrics: StreamMetrics, args: readonly unknown[], events: boolean): object {
  const { vu } = client
  const kind = readKind(vu, (args[3] ?? {}) as Record<string, unknown>, events)
  const prepared = prepareOrThrow(client, args, kind.events)
  return iterate(vu, prepared.call.throws, (sink) => new Stream(client, metrics, prepared, kind, sink))
}

class BlockingStream implements StreamSink, QueueOwner {
  readonly #vu: VuScope
  readonly #throws: boolean
  readonly #callbacks: Callbacks
  readonly #resolve: (result: object) => void
  readonly #reject: (error: unknown) => void
  readonly #stream: Stream
  readonly #queue: HandlerQueue
  #finished = false

  constructor(
    client: HttpClient,
    metrics: StreamMetrics,
    prepared: Prepared,
    kind: StreamKind,
    callbacks: Callbacks,
    resolve: (result: object) => void,
    reject: (error: unknown) => void,
  ) {
    this.#vu = client.vu
    this.#throws = prepared.call.throws
    this.#callbacks = callbacks
    this.#resolve = resolve
    this.#reject = reject
    this.#stream = new Stream(client, metrics, prepared, kind, this)
    this.#queue = new HandlerQueue(client.vu, this)
  }

  start(): void {
    this.#stream.start()
  }

  abandon(): void {
    this.#queue.end()
    this.#stream.abandon()
  }

  opened(response: object): void {
    this.#tell(this.#callbacks.onOpen, response)
  }

  piece(piece: object): void {
    this.#tell(this.#callbacks.onEvent ?? this.#callbacks.onChunk, piece)
  }

  ended(result: object, error: string): void {
    this.#queue.do(() => {
      this.#finished = true
      if (error !== '' && this.#throws) throw new this.#vu.realm.GoError(error)
      this.#resolve(result)
    })
  }

  settled(): boolean {
    return this.#finished
  }

  threw(error: unknown): void {
    this.#stream.abandon()
    this.#reject(error)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  /** A handler that answers false has heard enough. */
  #tell(handler: Handler | undefined, value: object): void {
    if (handler === undefined) return
    const heard = (answer: unknown): void => {
      if (answer === false) this.#stream.close()
    }
    this.#queue.do(() => {
      let answer: unknown
      const pending = callHandler((...args) => (answer = handler.apply(undefined, args)), [value])
      if (pending !== undefined) return (pending as Promise<unknown>).then(heard)
      heard(answer)
      return undefined
    })
  }
}

function readCallbacks(vu: VuScope, params: Record<string, unknown>): Callbacks {
  const read = (name: string): Handler | undefined => {
    const value = params[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'function') throw new vu.realm.TypeError(`${name} must be a function`)
    return value as Handler
  }
  return { onOpen: read('onOpen'), onChunk: read('onChunk'), onEvent: read('onEvent') }
}

function readKind(vu: VuScope, params: Record<string, unknown>, events: boolean): StreamKind {
  const counter = readCounter(vu, params['tokens'])
  return {
    counter,
    events: events || counter !== undefined || params['sse'] === true,
    binary: params['responseType'] === 'binary',
  }
}

function readCounter(vu: VuScope, given: unknown): TokenCounter | undefined {
  if (given === undefined || given === null || given === false) return undefined
  if (typeof given === 'function') {
    const countOf = given as (event: object) => unknown
    return (event) => {
      const added = Number(countOf({ ...event }))
      return { added: Number.isFinite(added) ? added : 0, total: undefined }
    }
  }
  const counter = Object.hasOwn(tokenCounters, String(given)) ? tokenCounters[String(given)] : undefined
  if (counter !== undefined) return counter
  const known = Object.keys(tokenCounters).join("', '")
  throw new vu.realm.TypeError(`tokens must be '${known}' or a function of an event that answers its number of tokens`)
}

function prepareOrThrow(client: HttpClient, args: readonly unknown[], events: boolean): Prepared {
  const { vu } = client
  if (vu.phase === 'init') throw new vu.realm.GoError('Making http requests in the init context is not supported')
  const [method, url, body, params] = args
  try {
    const accept = events ? 'text/event-stream' : undefined
    return prepare(client, method === undefined || method === null ? '' : String(method), url, body, params, accept)
  } catch (error) {
    throw new vu.realm.GoError((error as Error).message)
  }
}
