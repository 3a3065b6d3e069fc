import type { Metric } from '#metrics/types.js'
import type { OutputRow, OutputTags, OutputWindow } from './types.js'

/** What one series has measured since the start of the run. */
export interface BookedSeries<T> {
  readonly metric: Metric
  readonly tags: OutputTags
  readonly total: T
  /** Wall clock of its first and of its last window; the latter only grows. */
  readonly firstUnixMs: number
  lastUnixMs: number
}

/** Series by metric and tags, over all workers, for outputs that send totals. */
export class SeriesBook<T extends { mergeRow(row: OutputRow): void }> {
  readonly #make: (metric: Metric) => T
  /** By name: each worker has metric objects of its own. */
  readonly #byMetric = new Map<string, Map<OutputTags, BookedSeries<T>>>()
  #changed = new Set<BookedSeries<T>>()

  constructor(make: (metric: Metric) => T) {
    this.#make = make
  }

  take({ rows, unixMs }: OutputWindow): void {
    for (const row of rows) {
      if (row.count === 0) continue
      const series = this.#series(row, unixMs)
      series.total.mergeRow(row)
      // The wall clock may step back; receivers refuse a series that does.
      if (unixMs > series.lastUnixMs) series.lastUnixMs = unixMs
      this.#changed.add(series)
    }
  }

  /** Series that got something since the last call. */
  changed(): readonly BookedSeries<T>[] {
    const changed = [...this.#changed]
    this.#changed = new Set()
    return changed
  }

  /** Every series, those of one metric together. */
  *all(): Iterable<BookedSeries<T>> {
    for (const byTags of this.#byMetric.values()) yield* byTags.values()
  }

  #series({ metric, tags }: OutputRow, unixMs: number): BookedSeries<T> {
    let byTags = this.#byMetric.get(metric.name)
    if (byTags === undefined) {
      byTags = new Map()
      this.#byMetric.set(metric.name, byTags)
    }
    let series = byTags.get(tags)
    if (series === undefined) {
      series = { metric, tags, total: this.#make(metric), firstUnixMs: unixMs, lastUnixMs: unixMs }
      byTags.set(tags, series)
    }
    return series
  }
}
