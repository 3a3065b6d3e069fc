import type { RunRecord } from '#record/index.js'
import { middleOf } from '#stats/octave-tables.js'
import type { Heat } from './page-data.js'

const maxColumns = 240
const rows = 48

/** One pass over the windows: how many requests took how long, over time. */
export async function latencyHeat(record: RunRecord): Promise<Heat | null> {
  const durationS = record.durationNs / 1e9
  const columnS = Math.max(1, Math.ceil(durationS / maxColumns))
  const columns = Math.max(1, Math.ceil(durationS / columnS))
  const counts: Map<number, number>[] = Array.from({ length: columns }, () => new Map())
  const wanted = new Set<number>()
  let low = Number.POSITIVE_INFINITY
  let high = 0
  for await (const { batch, fromNs, toNs } of record.windows()) {
    for (const { id, name } of batch.metrics) if (name === 'http_req_duration') wanted.add(id)
    const column = counts[Math.min(columns - 1, Math.max(0, Math.floor((fromNs + toNs) / 2e9 / columnS)))]
    if (column === undefined) continue
    for (const { metric, buckets } of batch.rows) {
      if (buckets === undefined || !wanted.has(metric)) continue
      for (let i = 0; i < buckets.length; i += 2) {
        const index = buckets[i] as number
        if (index <= 0) continue
        // Eight rows an octave are as fine as a picture can be.
        const coarse = Math.round(Math.log2(middleOf(index)) * 8)
        column.set(coarse, (column.get(coarse) ?? 0) + (buckets[i + 1] as number))
        low = Math.min(low, coarse)
        high = Math.max(high, coarse)
      }
    }
  }
  if (!Number.isFinite(low)) return null
  return picture(counts, low / 8 - 0.0625, Math.max(high, low + 8) / 8 + 0.0625)
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
