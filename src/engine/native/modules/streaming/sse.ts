/**
 * `k6/x/sse`: `sse.open(url, params, function (client) { client.on('event', ...) })`, as the extension xk6-sse has it
 * (github.com/phymbert/xk6-sse, docs/design/021-sse-api.md), with its metric `sse_event`.
 */
import type { Metric } from '#metrics/types.js'
import type { WireResponse } from '../../http1/types.js'
import type { ModuleFactory, VuScope } from '../../types.js'
import { BareGet } from '../http/bare-get.js'
import { HttpClient } from '../http/client.js'
import { joinHeaders } from '../http/headers.js'
import { pages } from '../http/response-html.js'
import { goErrorValue } from '../ws/go-error.js'
import { after, callHandlers, type Handler, HandlerQueue, type QueueOwner } from '../ws/handler-queue.js'
import { HttpStream, type StreamListener } from './http-stream.js'
import { keepCookies, prepare, type Prepared } from './request.js'
import { type SseEvent, SseParser } from './sse-parser.js'

export const createSseModule: ModuleFactory = (vu) => {
  const client = new HttpClient(vu, pages, (made) => new BareGet(made))
  const metric = vu.defineMetric('sse_event', 'counter', 'default')
  const exports = { open: (url: unknown, ...args: unknown[]) => open(client, metric, url, args) }
  return { ...exports, default: exports }
}

/** Go's client waits for ever when the extension's `timeout` is not given. */
const noTimeoutMs = 2 ** 31 - 1

function open(client: HttpClient, metric: Metric, url: unknown, args: readonly unknown[]): unknown {
  const { vu } = client
  const { GoError } = vu.realm
  if (vu.phase === 'init') throw new GoError('using sse in the init context is not supported')
  if (args.length !== 1 && args.length !== 2) throw new GoError('invalid number of arguments to sse.open')
  const setUp = args[args.length - 1]
  if (typeof setUp !== 'function') throw new GoError('last argument to sse.open must be a function')
  const given = args.length === 2 && typeof args[0] === 'object' && args[0] !== null ? args[0] : {}
  const { method, body, ...params } = given as Record<string, unknown>
  let prepared: Prepared
  try {
    const text = body === undefined ? undefined : String(body).trim()
    const verb = method === undefined ? 'GET' : String(method).trim() || 'GET'
    prepared = prepare(client, verb, url, text, { timeout: noTimeoutMs, ...params }, 'text/event-stream')
  } catch (error) {
    if (vu.options.throw) throw new GoError((error as Error).message)
    return vu.loop.host<object>((resolve) => resolve(makeResponse(vu, '', undefined, (error as Error).message)))
  }
  return vu.loop.host<object>((resolve, reject) => {
    const session = new SseSession(client, metric, prepared, setUp as Handler, resolve, reject)
    session.start()
    return () => session.abandon()
  })
}

class SseSession implements StreamListener, QueueOwner {
  readonly #vu: VuScope
  readonly #client: HttpClient
  readonly #metric: Metric
  readonly #prepared: Prepared
  readonly #setUp: Handler
  readonly #resolve: (response: object) => void
  readonly #reject: (error: unknown) => void
  readonly #http: HttpStream
  readonly #queue: HandlerQueue
  readonly #parser: SseParser
  readonly #handlers = new Map<string, Handler[]>()
  #response: object | undefined
  #fault = ''
  #closed = false
  #finished = false

  constructor(
    client: HttpClient,
    metric: Metric,
    prepared: Prepared,
    setUp: Handler,
    resolve: (response: object) => void,
    reject: (error: unknown) => void,
  ) {
    this.#vu = client.vu
    this.#client = client
    this.#metric = metric
    this.#prepared = prepared
    this.#setUp = setUp
    this.#resolve = resolve
    this.#reject = reject
    this.#http = new HttpStream(client.vu, prepared.request, this)
    this.#queue = new HandlerQueue(client.vu, this)
    this.#parser = new SseParser(
      (event) => this.#event(event),
      (line) => this.#queue.do(() => this.#error(`unknown event: ${line}\n`)),
    )
  }

  start(): void {
    this.#http.start()
  }

  abandon(): void {
    this.#queue.end()
    this.#http.abandon()
  }

  head(wire: WireResponse): void {
    keepCookies(this.#vu, this.#prepared.call, wire.rawHeaders)
    this.#response = makeResponse(this.#vu, this.#prepared.call.place.text, wire, '')
    const client = this.#makeClient()
    this.#queue.do(() => after(this.#setUp.call(undefined, client), () => this.#fire('open')))
  }

  chunk(buf: Buffer, start: number, end: number): void {
    this.#fault = this.#parser.feed(buf, start, end)
    if (this.#fault !== '') this.#http.close()
  }

  ended(wire: WireResponse): void {
    const { call } = this.#prepared
    const errorCode = this.#fault === '' ? wire.errorCode : 1000
    const error = this.#fault === '' ? wire.errorDetail : this.#fault
    const { shared } = this.#client
    shared.samples.emit(this.#vu, call.place, call.tags, call.method, wire, call.callback, errorCode, wire.error)
    if (error !== '' && this.#response !== undefined) this.#queue.do(() => this.#error(error))
    this.#queue.do(() => {
      this.#finished = true
      if (this.#response !== undefined) this.#resolve(this.#response)
      else if (this.#vu.options.throw) throw new this.#vu.realm.GoError(error)
      else this.#resolve(makeResponse(this.#vu, '', undefined, error))
    })
  }

  settled(): boolean {
    return this.#finished
  }

  threw(error: unknown): void {
    this.#http.abandon()
    this.#reject(error)
  }

  pause(): void {
    this.#http.pause()
  }

  resume(): void {
    this.#http.resume()
  }

  #event(event: SseEvent): void {
    if (this.#closed) return
    const shown = new this.#vu.realm.Object() as unknown as Record<string, unknown>
    Object.assign(shown, { id: event.id, comment: event.comment, name: event.name, data: event.data })
    this.#queue.do(() => {
      if (this.#closed) return undefined
      this.#vu.samples.add(this.#metric, this.#prepared.call.tags, 1, this.#vu.metadata)
      return this.#fire('event', shown)
    })
  }

  #error(text: string): unknown {
    return this.#fire('error', goErrorValue(this.#vu.realm, text))
  }

  #fire(name: string, ...args: unknown[]): unknown {
    const handlers = this.#handlers.get(name)
    return handlers === undefined ? undefined : callHandlers(handlers, args)
  }

  #makeClient(): object {
    const client = new this.#vu.realm.Object() as unknown as Record<string, unknown>
    client['on'] = (name?: unknown, handler?: unknown) => {
      if (typeof handler !== 'function') return
      const handlers = this.#handlers.get(String(name))
      if (handlers === undefined) this.#handlers.set(String(name), [handler as Handler])
      else handlers.push(handler as Handler)
    }
    client['close'] = () => {
      this.#closed = true
      this.#http.close()
    }
    return client
  }
}

function makeResponse(vu: VuScope, url: string, wire: WireResponse | undefined, error: string): object {
  const { realm } = vu
  const response = new realm.Object() as unknown as Record<string, unknown>
  response['url'] = url
  response['status'] = wire?.status ?? 0
  const headers = new realm.Object() as unknown as Record<string, string>
  response['headers'] = wire === undefined ? headers : joinHeaders(wire.rawHeaders, headers)
  response['error'] = error
  return response
}
