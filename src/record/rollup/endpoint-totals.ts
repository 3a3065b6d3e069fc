/** What each endpoint had in the whole run. */
import { Sketch } from '#stats/index.js'
import type { Bin } from './load-bins.js'
import type { BodyTotals, RequestTotals } from './types.js'

/** Up to this many values a sketch is exact. */
const EXACT = 1024

export class EndpointTotals {
  readonly #totals: (RequestTotals | undefined)[] = []

  add({ cells }: Bin): void {
    cells.forEach((cell, place) => {
      if (cell === undefined) return
      const before = this.#totals[place] ?? { requests: 0, failed: 0, latency: new Sketch(EXACT), body: undefined }
      before.latency.merge(cell.latency)
      this.#totals[place] = {
        requests: before.requests + Math.max(cell.requests, cell.latency.count),
        failed: before.failed + cell.failed,
        latency: before.latency,
        body: cell.bodies === 0 ? before.body : bodyOf(before.body, cell),
      }
    })
  }

  /** By the endpoints' places. */
  totals(): readonly (RequestTotals | undefined)[] {
    return this.#totals
  }
}

function bodyOf(
  before: BodyTotals | undefined,
  { bodies, bodyBytes, bodyMin, bodyMax }: Bin['cells'][number] & object,
): BodyTotals {
  return {
    count: (before?.count ?? 0) + bodies,
    bytes: (before?.bytes ?? 0) + bodyBytes,
    min: Math.min(before?.min ?? Number.POSITIVE_INFINITY, bodyMin),
    max: Math.max(before?.max ?? 0, bodyMax),
  }
}
