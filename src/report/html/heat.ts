import type { SeriesWindow } from '#record/index.js'
import { middleOf } from '#stats/octave-tables.js'
import type { Heat } from './page-data.js'

const maxColumns = 240
const rows = 48

/** How many requests took how long, over time. */
export class LatencyHeat {
  readonly #columnS: number
  readonly #counts: Map<number, number>[]
  readonly #wanted = new Set<number>()
  #low = Number.POSITIVE_INFINITY
  #high = 0

  constructor(durationS: number) {
    this.#columnS = Math.max(1, Math.ceil(durationS / maxColumns))
    const columns = Math.max(1, Math.ceil(durationS / this.#columnS))
    this.#counts = Array.from({ length: columns }, () => new Map())
  }

  add({ batch, fromNs, toNs }: SeriesWindow): void {
    for (const { id, name } of batch.metrics) if (name === 'http_req_duration') this.#wanted.add(id)
    const at = Math.min(this.#counts.length - 1, Math.max(0, Math.floor((fromNs + toNs) / 2e9 / this.#columnS)))
    const column = this.#counts[at] as Map<number, number>
    for (const { metric, buckets } of batch.rows) {
      if (buckets === undefined || !this.#wanted.has(metric)) continue
      for (let i = 0; i < buckets.length; i += 2) {
        const index = buckets[i] as number
        if (index <= 0) continue
        // Eight rows an octave are as fine as a picture can be.
        const coarse = Math.round(Math.log2(middleOf(index)) * 8)
        column.set(coarse, (column.get(coarse) ?? 0) + (buckets[i + 1] as number))
        if (coarse < this.#low) this.#low = coarse
        if (coarse > this.#high) this.#high = coarse
      }
    }
  }

  /** Null where there were no requests. */
  picture(): Heat | null {
    if (!Number.isFinite(this.#low)) return null
    return picture(this.#counts, this.#low / 8 - 0.0625, Math.max(this.#high, this.#low + 8) / 8 + 0.0625)
  }
}

function picture(columns: readonly Map<number, number>[], low: number, high: number): Heat {
  const sums = new Float64Array(columns.length * rows)
  for (const [x, column] of columns.entries()) {
    for (const [coarse, count] of column) {
      const row = Math.min(rows - 1, Math.max(0, Math.floor(((coarse / 8 - low) / (high - low)) * rows)))
      sums[x * rows + row] = (sums[x * rows + row] as number) + count
    }
  }
  const most = sums.reduce((best, count) => Math.max(best, count), 0)
  const bytes = Uint8Array.from(sums, (count) =>
    count === 0 ? 0 : Math.max(1, Math.round((Math.log1p(count) / Math.log1p(most)) * 255)),
  )
  return {
    columns: columns.length,
    rows,
    lowMs: 2 ** low,
    highMs: 2 ** high,
    counts: Buffer.from(bytes).toString('base64'),
    most,
  }
}
