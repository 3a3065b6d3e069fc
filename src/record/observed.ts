import type { Metric, WindowBatch } from '#metrics/types.js'

/** One value, or one for each of several things of a kind (statement, wait event, heap space), told apart by tags. */
export type Reading =
  | number
  | undefined
  | readonly { readonly tags: Readonly<Record<string, string>>; readonly value: number }[]
export type Readings = Readonly<Record<string, Reading>>

/** Distinct tag sets of one part that are kept: a target that invents names must not fill the disk. */
export const MAX_OBSERVED_TAG_SETS = 2000

/** Turns named readings into batches of gauges. */
export class ObservedBatches {
  readonly #metrics = new Map<string, Metric>()
  readonly #tagSets = new Map<string, number>()
  #refused = 0

  /** Tagged readings that were left out, because the part had too many tag sets already. */
  get refused(): number {
    return this.#refused
  }

  batch(values: Readings): WindowBatch {
    const metrics: Metric[] = []
    const tagSets: { id: number; entries: [string, string][] }[] = []
    const rows: WindowBatch['rows'][number][] = []
    const add = (name: string, entries: [string, string][], value: number): void => {
      const tags = this.#tagSet(entries, tagSets)
      if (tags === undefined) return
      const metric = this.#metric(name, metrics)
      rows.push({ metric, tags, count: 1, sum: value, min: value, max: value })
    }
    for (const [name, reading] of Object.entries(values)) {
      if (reading === undefined) continue
      if (typeof reading === 'number') add(name, [], reading)
      else for (const { tags, value } of reading) add(name, Object.entries(tags).sort(byKey), value)
    }
    return { metrics, tagSets, rows }
  }

  #metric(name: string, fresh: Metric[]): number {
    let metric = this.#metrics.get(name)
    if (metric === undefined) {
      // A name is its unit too (`heap_bytes`, `loop_lag_ms`), so all are plain numbers.
      metric = { id: this.#metrics.size, name, type: 'gauge', contains: 'default', own: true }
      this.#metrics.set(name, metric)
      fresh.push(metric)
    }
    return metric.id
  }

  #tagSet(entries: [string, string][], fresh: { id: number; entries: [string, string][] }[]): number | undefined {
    const key = JSON.stringify(entries)
    let id = this.#tagSets.get(key)
    if (id === undefined) {
      if (this.#tagSets.size >= MAX_OBSERVED_TAG_SETS) {
        this.#refused++
        return undefined
      }
      id = this.#tagSets.size
      this.#tagSets.set(key, id)
      fresh.push({ id, entries })
    }
    return id
  }
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}
