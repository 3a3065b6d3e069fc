/** One `stream(...)` of a script: its answer piece by piece, or event by event, with the time of each. */
import type { WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import type { HttpClient } from '../http/client.js'
import { joinHeaders } from '../http/headers.js'
import { HttpStream, type StreamListener } from './http-stream.js'
import { StreamMeasure } from './measure.js'
import type { StreamMetrics } from './metrics.js'
import { keepCookies, type Prepared } from './request.js'
import { type SseEvent, SseParser } from './sse-parser.js'
import type { TokenCounter } from './tokens.js'

/** What a piece is to the script: `{ data, at }`, or an event with `id`, `name`, `data`, `comment`, `at`. */
export interface StreamSink {
  opened(response: object): void
  piece(piece: object): void
  ended(result: object, error: string): void
}

export interface StreamKind {
  readonly events: boolean
  readonly counter: TokenCounter | undefined
  /** Pieces of bytes as ArrayBuffer instead of text. */
  readonly binary: boolean
}

/** Of an answer that is an error, the script gets the beginning. */
const maxErrorBody = 65_536

export class Stream implements StreamListener {
  readonly #vu: VuScope
  readonly #client: HttpClient
  readonly #prepared: Prepared
  readonly #kind: StreamKind
  readonly #sink: StreamSink
  readonly #http: HttpStream
  readonly #measure: StreamMeasure
  readonly #sse: SseParser | undefined
  #errorBody: string | undefined
  #fault = ''
  #atMs = 0
  #bytes = 0
  #over = false

  constructor(client: HttpClient, metrics: StreamMetrics, prepared: Prepared, kind: StreamKind, sink: StreamSink) {
    const { vu } = client
    this.#vu = vu
    this.#client = client
    this.#prepared = prepared
    this.#kind = kind
    this.#sink = sink
    const { place, tags } = prepared.call
    const named = tags.get('name') === undefined ? tags.with('name', place.name) : tags
    this.#measure = new StreamMeasure(vu, metrics, named, kind.counter)
    this.#sse = kind.events ? new SseParser((event) => this.#event(event)) : undefined
    this.#http = new HttpStream(vu, prepared.request, this)
  }

  start(): void {
    this.#http.start()
  }

  /** The script wants no more of it. */
  close(): void {
    this.#http.close()
  }

  abandon(): void {
    this.#over = true
    this.#http.abandon()
  }

  pause(): void {
    this.#http.pause()
  }

  resume(): void {
    this.#http.resume()
  }

  head(wire: WireResponse): void {
    keepCookies(this.#vu, this.#prepared.call, wire.rawHeaders)
    this.#measure.answered(wire)
    if (wire.status >= 400) this.#errorBody = ''
    this.#sink.opened(this.#response(wire))
  }

  chunk(buf: Buffer, start: number, end: number, atMs: number): void {
    this.#bytes += end - start
    this.#atMs = atMs
    if (this.#errorBody !== undefined) {
      const room = maxErrorBody - this.#errorBody.length
      if (room > 0) this.#errorBody += buf.toString('utf8', start, Math.min(end, start + room))
      return
    }
    if (this.#sse === undefined) {
      this.#measure.chunk(atMs)
      this.#sink.piece(this.#piece(buf, start, end, atMs))
      return
    }
    this.#fault = this.#sse.feed(buf, start, end)
    if (this.#fault !== '') this.#http.close()
  }

  ended(wire: WireResponse): void {
    if (this.#over) return
    this.#over = true
    const { call } = this.#prepared
    const { vu, shared, callback: defaultCallback } = this.#client
    const errorCode = this.#fault === '' ? wire.errorCode : 1000
    const error = this.#fault === '' ? wire.error : this.#fault
    const callback = call.callback ?? defaultCallback
    const failed = errorCode !== 0 || (callback !== undefined && !callback.matches(wire.status))
    shared.samples.emit(vu, call.place, call.tags, call.method, wire, call.callback, errorCode, error)
    this.#measure.ended(wire, failed)
    const detail = this.#fault === '' ? wire.errorDetail : this.#fault
    if (errorCode !== 0) vu.log.warn('Request Failed', { error: detail })
    this.#sink.ended(this.#result(wire, errorCode, error), detail)
  }

  #event(event: SseEvent): void {
    // By the standard an event without data is none: servers keep connections alive with comments.
    if (this.#over || event.data === '') return
    this.#measure.chunk(this.#atMs)
    this.#measure.tokens(event, this.#atMs)
    const shown = this.#object({ id: event.id, name: event.name, data: event.data, comment: event.comment })
    shown['at'] = this.#atMs
    this.#sink.piece(shown)
  }

  #piece(buf: Buffer, start: number, end: number, atMs: number): object {
    const piece = this.#object({ data: '', at: atMs })
    if (this.#kind.binary) {
      const bytes = new this.#vu.realm.Uint8Array(end - start)
      bytes.set(buf.subarray(start, end))
      piece['data'] = bytes.buffer
    } else piece['data'] = buf.toString('utf8', start, end)
    return piece
  }

  #response(wire: WireResponse): Record<string, unknown> {
    const { place } = this.#prepared.call
    const response = this.#object({ url: place.text, status: wire.status, proto: wire.proto })
    response['headers'] = joinHeaders(wire.rawHeaders, this.#object({}) as Record<string, string>)
    return response
  }

  #result(wire: WireResponse, errorCode: number, error: string): object {
    const result = this.#response(wire)
    result['body'] = this.#errorBody ?? null
    result['error'] = error
    result['error_code'] = errorCode
    result['remote_ip'] = wire.remoteIp
    result['chunks'] = this.#measure.chunks
    result['bytes'] = this.#bytes
    result['timings'] = this.#object({
      connecting: wire.connecting,
      tls_handshaking: wire.tlsHandshaking,
      sending: wire.sending,
      ttfb: wire.waiting,
      first_chunk: this.#measure.firstMs ?? null,
      duration: wire.waiting + wire.receiving,
    })
    if (this.#kind.counter !== undefined) {
      const { tokens, firstMs, perTokenMs, perSecond } = this.#measure.tokenNumbers()
      result['tokens'] = this.#object({
        count: tokens,
        time_to_first: firstMs ?? null,
        time_per_token: perTokenMs ?? null,
        per_second: perSecond ?? null,
      })
    }
    return result
  }

  #object(fields: Record<string, unknown>): Record<string, unknown> {
    return Object.assign(new this.#vu.realm.Object() as unknown as Record<string, unknown>, fields)
  }
}
