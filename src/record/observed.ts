import type { Metric, WindowBatch } from '#metrics/types.js'

/** Turns named readings into batches of gauges without tags. */
export class ObservedBatches {
  readonly #metrics = new Map<string, Metric>()
  #started = false

  batch(values: Readonly<Record<string, number | undefined>>): WindowBatch {
    const fresh: Metric[] = []
    const rows = Object.entries(values).flatMap(([name, value]) => {
      if (value === undefined) return []
      let metric = this.#metrics.get(name)
      if (metric === undefined) {
        // A name is its unit too (`heap_bytes`, `loop_lag_ms`), so all are plain numbers.
        metric = { id: this.#metrics.size, name, type: 'gauge', contains: 'default', own: true }
        this.#metrics.set(name, metric)
        fresh.push(metric)
      }
      return [{ metric: metric.id, tags: 0, count: 1, sum: value, min: value, max: value }]
    })
    const tagSets = this.#started ? [] : [{ id: 0, entries: [] }]
    this.#started = true
    return { metrics: fresh, tagSets, rows }
  }
}
