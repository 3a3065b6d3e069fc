import type { Clock } from '#base/clock.js'
import type { MetricRegistry } from './registry.js'
import { Series } from './series.js'
import type { InternedTagSet, TagRegistry } from './tags.js'
import type { Metric, SampleSink, TagSet, WindowBatch, WindowRow } from './types.js'

/** Gets every sample as it is taken, for the raw outputs. `unixMs` is the wall clock when it was added. */
export type SampleListener = (
  metric: Metric,
  tags: TagSet,
  value: number,
  unixMs: number,
  metadata: Readonly<Record<string, string>> | undefined,
) => void

/** A series that was silent for so many windows gives its memory back; it starts anew with its next sample. */
const IDLE_WINDOWS = 60

/**
 * The worker's side of metrics: samples in, once a second a batch out. It sits on the tag sets of one registry, so a
 * registry serves one store.
 */
export class MetricStore implements SampleSink {
  readonly #metrics: MetricRegistry
  readonly #tags: TagRegistry
  #dirty: Series[] = []
  #open = new Set<Series>()
  #window = 0
  #metricsSent = 0
  readonly #tagSetsSent = new Set<number>()
  #listener: SampleListener | undefined
  #clock: Clock | undefined

  constructor(metrics: MetricRegistry, tags: TagRegistry) {
    this.#metrics = metrics
    this.#tags = tags
  }

  /** Series that hold memory now. */
  get openSeries(): number {
    return this.#open.size
  }

  /** Every metric defined so far, by id. */
  get definitions(): readonly Metric[] {
    return this.#metrics.all
  }

  add(metric: Metric, tags: TagSet, value: number, metadata?: Readonly<Record<string, string>>): void {
    // All tag sets of a worker come from its registry; the interface hides only what callers have no business with.
    const series = (tags as InternedTagSet).series[metric.id] ?? this.#openSeries(metric, tags as InternedTagSet)
    if (!series.dirty) {
      series.dirty = true
      this.#dirty.push(series)
    }
    series.add(value)
    if (this.#listener !== undefined) this.#listener(metric, tags, value, this.#clock!.unixMs(), metadata)
  }

  /** One listener at most; undefined ends it. */
  listen(clock: Clock, listener: SampleListener | undefined): void {
    this.#clock = clock
    this.#listener = listener
  }

  /** What came in since the last call. Rows stand in the order in which their series first had a sample. */
  drain(): WindowBatch {
    this.#window++
    const dirty = this.#dirty
    this.#dirty = []
    const rows: WindowRow[] = []
    const tagSets: TagSet[] = []
    for (const series of dirty) {
      series.dirty = false
      series.lastWindow = this.#window
      const row = series.drain()
      if (row === undefined) continue
      rows.push(row)
      if (!this.#tagSetsSent.has(row.tags)) {
        this.#tagSetsSent.add(row.tags)
        tagSets.push(series.tags)
      }
    }
    const metrics = this.#metrics.all.slice(this.#metricsSent)
    this.#metricsSent = this.#metrics.all.length
    if (this.#window % IDLE_WINDOWS === 0) this.#closeIdle()
    return { metrics, tagSets: tagSets.map(({ id, entries }) => ({ id, entries })), rows }
  }

  #openSeries(metric: Metric, tags: InternedTagSet): Series {
    const series = new Series(metric, tags)
    // Filled up to the id: a list with holes is slower to read.
    while (tags.series.length <= metric.id) tags.series.push(undefined)
    tags.series[metric.id] = series
    this.#open.add(series)
    return series
  }

  #closeIdle(): void {
    for (const series of this.#open) {
      if (this.#window - series.lastWindow < IDLE_WINDOWS) continue
      this.#open.delete(series)
      const tags = this.#tags.byId(series.tags.id)
      if (tags !== undefined) tags.series[series.metric.id] = undefined
    }
  }
}
