import type { LoadDigest } from '#record/index.js'
import type { Heat } from './page-data.js'

const maxColumns = 240
const rows = 48

/**
 * How many requests took how long, over time.
 * @returns null where there were no requests
 */
export function latencyHeat({ heat, binCount }: Pick<LoadDigest, 'heat' | 'binCount'>): Heat | null {
  const binsOfColumn = Math.max(1, Math.ceil(binCount / maxColumns))
  const counts = Array.from({ length: Math.ceil(binCount / binsOfColumn) }, () => new Map<number, number>())
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [bin, pairs] of heat.entries()) {
    const column = counts[Math.floor(bin / binsOfColumn)] as Map<number, number>
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const row = pairs[i] as number
      column.set(row, (column.get(row) ?? 0) + (pairs[i + 1] as number))
      low = Math.min(low, row)
      high = Math.max(high, row)
    }
  }
  return Number.isFinite(low) ? picture(counts, low / 8 - 0.0625, Math.max(high, low + 8) / 8 + 0.0625) : null
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
