import { Sketch } from '#stats/index.js'
import type { Metric, MetricType, TagSet, WindowRow } from './types.js'

/**
 * Up to so many values of a trend are kept and sent as they are, so that a small run has k6's exact percentiles. 1024
 * values take the room of eight octaves of buckets, which is what a busy trend uses: keeping them costs no memory.
 */
export const EXACT_LIMIT = 1024

/** One (metric, tag set) of a worker, since the last drain. */
export class Series {
  readonly metric: Metric
  readonly tags: TagSet
  /** Already on the store's list for the next drain. */
  dirty = false
  /** Number of the last window that had a sample. */
  lastWindow = 0
  readonly #type: MetricType
  readonly #isTrend: boolean
  #count = 0
  #sum = 0
  #min: number = Number.POSITIVE_INFINITY
  #max: number = Number.NEGATIVE_INFINITY
  #sketch: Sketch
  /** Values sent so far with the rows, until they exceed the limit. */
  #sent = 0

  constructor(metric: Metric, tags: TagSet) {
    this.metric = metric
    this.tags = tags
    this.#type = metric.type
    this.#isTrend = metric.type === 'trend'
    this.#sketch = metric.type === 'trend' ? new Sketch(EXACT_LIMIT) : NONE
  }

  add(value: number): void {
    if (this.#isTrend) {
      this.#sketch.add(value)
      return
    }
    this.#count++
    if (this.#type === 'counter') this.#sum += value
    else if (this.#type === 'rate') this.#sum += value === 0 ? 0 : 1
    else this.#sum = value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  /** What came in since the last call, or undefined when nothing did. */
  drain(): WindowRow | undefined {
    const row = this.#type === 'trend' ? this.#drainSketch() : this.#drainNumbers()
    return row.count === 0 ? undefined : { metric: this.metric.id, tags: this.tags.id, ...row }
  }

  #drainNumbers(): Pick<WindowRow, 'count' | 'sum' | 'min' | 'max'> {
    const row = { count: this.#count, sum: this.#sum, min: this.#min, max: this.#max }
    this.#count = 0
    this.#sum = 0
    this.#min = Number.POSITIVE_INFINITY
    this.#max = Number.NEGATIVE_INFINITY
    return row
  }

  #drainSketch(): Omit<WindowRow, 'metric' | 'tags'> {
    const { values, ...row } = this.#sketch.toRow()
    if (this.#sent <= EXACT_LIMIT) {
      this.#sent += row.count
      if (this.#sent > EXACT_LIMIT) {
        // No total that holds this series can be exact any more: buckets at once from here on.
        this.#sketch = new Sketch()
        return row
      }
    }
    this.#sketch.clear()
    return values === undefined ? row : { ...row, values }
  }
}

/** Stands where a series has no use for a sketch. */
const NONE = new Sketch()
