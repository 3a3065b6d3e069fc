import { endpointName } from '#metrics/index.js'
import type { Metric, WindowBatch } from '#metrics/types.js'

/** What the load did in one second, as far as a profiler asks. */
export interface LoadSecond {
  readonly requests: ReadonlyMap<string, number>
  readonly count: number
  readonly failed: number
  /** Undefined when no request ended. */
  readonly meanMs: number | undefined
}

/** Reads windows of the load: definitions come with the first window that uses them. */
export class LoadSeconds {
  readonly #metrics = new Map<number, Metric>()
  readonly #endpoints = new Map<number, string | undefined>()

  add(batch: WindowBatch): LoadSecond {
    for (const metric of batch.metrics) this.#metrics.set(metric.id, metric)
    for (const { id, entries } of batch.tagSets) {
      const tags = new Map(entries)
      this.#endpoints.set(id, endpointName({ method: tags.get('method'), name: tags.get('name') ?? tags.get('url') }))
    }
    const requests = new Map<string, number>()
    let count = 0
    let failed = 0
    let sumMs = 0
    let timed = 0
    for (const row of batch.rows) {
      const name = this.#metrics.get(row.metric)?.name
      if (name === 'http_req_failed') failed += row.sum
      else if (name === 'http_req_duration') {
        sumMs += row.sum
        timed += row.count
      } else if (name === 'http_reqs') {
        const endpoint = this.#endpoints.get(row.tags)
        count += row.sum
        if (endpoint !== undefined) requests.set(endpoint, (requests.get(endpoint) ?? 0) + row.sum)
      }
    }
    return { requests, count, failed, meanMs: timed === 0 ? undefined : sumMs / timed }
  }
}
