import { MetricSink } from './sink.js'
import type { MetricType, WindowRow } from './types.js'

/** Which stretch of the run a view covers. */
export interface ViewRange {
  /** Windows that begin before this many nanoseconds of the run are left out. */
  readonly excludeFirstNs: number
  /** Only windows that end within so many nanoseconds before now; undefined for all. */
  readonly windowNs: number | undefined
}

/**
 * A metric over a stretch of the run, in whole windows: the first and last may hold up to one window (a second) more or
 * less than asked. Rows are kept only as long as a sliding window needs them.
 */
export class MetricView {
  readonly tags: readonly (readonly [string, string])[]
  readonly range: ViewRange
  readonly #type: MetricType
  readonly #total: MetricSink
  #recent: { readonly row: WindowRow; readonly fromNs: number; readonly toNs: number }[] = []
  #lastToNs = 0

  constructor(type: MetricType, tags: readonly (readonly [string, string])[], range: ViewRange) {
    this.#type = type
    this.#total = new MetricSink(type)
    this.tags = tags
    this.range = range
  }

  mergeRow(row: WindowRow, time: { readonly fromNs: number; readonly toNs: number }): void {
    if (time.fromNs < this.range.excludeFirstNs) return
    if (this.range.windowNs === undefined) {
      this.#total.mergeRow(row)
      return
    }
    this.#recent.push({ row, ...time })
    if (time.toNs > this.#lastToNs) {
      this.#lastToNs = time.toNs
      this.#forget(time.toNs)
    }
  }

  /** The total of the stretch that ends at `nowNs`. */
  sink(nowNs: number): MetricSink {
    if (this.range.windowNs === undefined) return this.#total
    this.#forget(nowNs)
    const sink = new MetricSink(this.#type)
    for (const { row } of this.#recent) sink.mergeRow(row)
    return sink
  }

  /** How long the stretch that ends at `nowNs` is, for rates per second. */
  durationNs(nowNs: number): number {
    const since = Math.max(0, nowNs - this.range.excludeFirstNs)
    return this.range.windowNs === undefined ? since : Math.min(since, this.range.windowNs)
  }

  #forget(nowNs: number): void {
    const sinceNs = nowNs - (this.range.windowNs ?? 0)
    // Windows come in order from each worker, and nearly so from all of them.
    if (this.#recent.length > 0 && this.#recent[0]!.fromNs < sinceNs) {
      this.#recent = this.#recent.filter((kept) => kept.fromNs >= sinceNs)
    }
  }
}
