/** Takes the times of one stream and turns them into samples and the numbers that the script gets. */
import type { Metric, TagSet } from '#metrics/types.js'
import type { WireResponse } from '../../http1/types.js'
import type { VuScope } from '../../types.js'
import type { StreamMetrics } from './metrics.js'
import type { SseEvent } from './sse-parser.js'
import type { TokenCounter } from './tokens.js'

export class StreamMeasure {
  readonly #vu: VuScope
  readonly #metrics: StreamMetrics
  readonly #tags: TagSet
  readonly #counter: TokenCounter | undefined
  chunks = 0
  bytes = 0
  firstMs: number | undefined
  #lastMs = 0
  #tokens = 0
  #totalTokens: number | undefined
  #firstTokenMs: number | undefined
  #lastTokenMs = 0

  /** @param tags  of the request; the samples of a stream carry these alone, so that its pieces cost little */
  constructor(vu: VuScope, metrics: StreamMetrics, tags: TagSet, counter: TokenCounter | undefined) {
    this.#vu = vu
    this.#metrics = metrics
    this.#tags = tags
    this.#counter = counter
  }

  answered(wire: WireResponse): void {
    this.#add(this.#metrics.stream_ttfb, wire.waiting)
  }

  /** One piece of the body, or one event, `atMs` after the request was out. */
  chunk(atMs: number): void {
    this.chunks++
    if (this.firstMs === undefined) {
      this.firstMs = atMs
      this.#add(this.#metrics.stream_first_chunk, atMs)
    } else this.#add(this.#metrics.stream_chunk_gap, atMs - this.#lastMs)
    this.#lastMs = atMs
  }

  tokens(event: SseEvent, atMs: number): void {
    if (this.#counter === undefined) return
    const { added, total } = this.#counter(event)
    if (total !== undefined) this.#totalTokens = total
    if (added <= 0) return
    this.#tokens += added
    this.#lastTokenMs = atMs
    if (this.#firstTokenMs !== undefined) return
    this.#firstTokenMs = atMs
    this.#add(this.#metrics.time_to_first_token, atMs)
  }

  ended(wire: WireResponse, failed: boolean): void {
    const metrics = this.#metrics
    this.#add(metrics.stream_duration, wire.waiting + wire.receiving)
    this.#add(metrics.stream_chunks, this.chunks)
    this.#add(metrics.stream_failed, failed ? 1 : 0)
    const { tokens, perTokenMs, perSecond } = this.tokenNumbers()
    if (this.#counter === undefined || failed) return
    this.#add(metrics.output_tokens, tokens)
    if (perTokenMs !== undefined) this.#add(metrics.time_per_output_token, perTokenMs)
    if (perSecond !== undefined) this.#add(metrics.output_tokens_per_second, perSecond)
  }

  tokenNumbers(): {
    readonly tokens: number
    readonly firstMs: number | undefined
    readonly perTokenMs: number | undefined
    readonly perSecond: number | undefined
  } {
    const tokens = this.#totalTokens ?? this.#tokens
    const firstMs = this.#firstTokenMs
    const known = firstMs !== undefined && tokens > 0
    return {
      tokens,
      firstMs,
      perTokenMs: known && tokens > 1 ? (this.#lastTokenMs - firstMs) / (tokens - 1) : undefined,
      perSecond: known && this.#lastTokenMs > 0 ? tokens / (this.#lastTokenMs / 1000) : undefined,
    }
  }

  #add(metric: Metric, value: number): void {
    this.#vu.samples.add(metric, this.#tags, value, this.#vu.metadata)
  }
}
