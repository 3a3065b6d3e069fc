import { type Metric, MetricSink } from '#metrics/index.js'
import type { WindowRow } from '#metrics/types.js'
import type { SeriesWindow } from './series-reader.js'

/** A stretch of a run, in monotonic nanoseconds since its start. Windows that lie in it as a whole count. */
export interface TimeRange {
  /** 0 when left out. */
  readonly fromNs?: number
  /** The end of the run when left out. */
  readonly toNs?: number
}

export interface TotalsQuery extends TimeRange {
  /** All metrics when left out. */
  readonly metric?: string
  /** As `metric`, several of them. */
  readonly metrics?: ReadonlySet<string>
  /** Only samples that have these tags. */
  readonly tags?: Readonly<Record<string, string>>
  /** Totals per value of these tags; one total a metric when left out, `'all'` for every tag set by itself. */
  readonly by?: readonly string[] | 'all'
}

export interface SeriesTotal {
  readonly metric: Metric
  /** Those of `by` that the samples have. */
  readonly tags: Readonly<Record<string, string>>
  /** Count, sum, min, max and the sketch of all samples. */
  readonly sink: MetricSink
}

/** Merges the rows of windows, each row into the one total that it belongs to. */
export class Merger {
  readonly #query: TotalsQuery
  readonly #wanted: readonly (readonly [string, string])[]
  readonly #metrics = new Map<number, Metric>()
  /** Tags of a set that name its total; undefined when its samples are not asked for. */
  readonly #groups = new Map<number, Readonly<Record<string, string>> | undefined>()
  readonly #cells = new Map<number, Map<number, MetricSink | undefined>>()
  readonly #totals = new Map<string, SeriesTotal>()

  constructor(query: TotalsQuery) {
    this.#query = query
    this.#wanted = Object.entries(query.tags ?? {})
  }

  add({ batch }: Pick<SeriesWindow, 'batch'>): void {
    for (const metric of batch.metrics) this.#metrics.set(metric.id, metric)
    for (const { id, entries } of batch.tagSets) this.#groups.set(id, this.#groupOf(entries))
    for (const row of batch.rows) this.#sink(row)?.mergeRow(row)
  }

  /** Totals so far. */
  get size(): number {
    return this.#totals.size
  }

  /** In the order in which each had its first sample. */
  totals(): readonly SeriesTotal[] {
    return [...this.#totals.values()]
  }

  #sink(row: WindowRow): MetricSink | undefined {
    let byTags = this.#cells.get(row.metric)
    if (byTags === undefined) {
      byTags = new Map()
      this.#cells.set(row.metric, byTags)
    }
    if (!byTags.has(row.tags)) byTags.set(row.tags, this.#find(row))
    return byTags.get(row.tags)
  }

  #find(row: WindowRow): MetricSink | undefined {
    const metric = this.#metrics.get(row.metric)
    const tags = this.#groups.get(row.tags)
    if (metric === undefined || tags === undefined) return undefined
    if (this.#query.metric !== undefined && metric.name !== this.#query.metric) return undefined
    if (this.#query.metrics?.has(metric.name) === false) return undefined
    const key = JSON.stringify([metric.id, tags])
    let total = this.#totals.get(key)
    if (total === undefined) {
      total = { metric, tags, sink: new MetricSink(metric.type) }
      this.#totals.set(key, total)
    }
    return total.sink
  }

  #groupOf(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> | undefined {
    const has = new Map(entries)
    if (!this.#wanted.every(([key, value]) => has.get(key) === value)) return undefined
    const { by = [] } = this.#query
    return Object.fromEntries(by === 'all' ? entries : entries.filter(([key]) => by.includes(key)))
  }
}
