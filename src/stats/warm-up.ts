/** Where a series leaves its start behind. */
import { mean } from './order.js'
import { mannWhitney } from './ranks.js'

/**
 * MSER-5 (White 1997): of all ways to cut off a beginning, in steps of five values, the one after which the mean is known
 * best: least sum of squares around the mean of the rest, divided by the square of its length.
 * @returns  values to cut off, and whether that can be relied on: a best cut in the later half says that the series had
 *   not settled. 0 and true for fewer than 10 values.
 */
export function mser5(values: readonly number[]): { readonly cut: number; readonly settled: boolean } {
  const batches = Math.floor(values.length / 5)
  if (batches < 2) return { cut: 0, settled: true }
  const means = Array.from({ length: batches }, (_, i) => mean(values.slice(i * 5, i * 5 + 5)))
  // From the back, so that sums grow by one batch at a time.
  let [sum, squares, best, least] = [0, 0, 0, Number.POSITIVE_INFINITY]
  const offset = mean(means)
  for (let from = batches - 1; from >= 0; from--) {
    const value = means[from]! - offset
    sum += value
    squares += value * value
    const length = batches - from
    // The last batches alone have next to no spread by chance: White leaves them out.
    if (length < Math.min(5, batches)) continue
    const score = Math.max(0, squares - (sum * sum) / length) / (length * length)
    if (score <= least) {
      least = score
      best = from
    }
  }
  return { cut: best * 5, settled: best <= batches / 2 }
}

/**
 * Whether the first half of a series differs from its second: finds the slow warm-up that MSER-5 misses, since it cuts
 * at most a half. Means of `blocks` blocks a half, compared by Mann and Whitney's test.
 * @returns  two-sided p; 1 with too few values
 */
export function halvesDiffer(values: readonly number[], blocks = 6): number {
  if (values.length < 4 * blocks) return 1
  const means = Array.from({ length: 2 * blocks }, (_, i) =>
    mean(
      values.slice(
        Math.floor((i * values.length) / (2 * blocks)),
        Math.floor(((i + 1) * values.length) / (2 * blocks)),
      ),
    ),
  )
  return mannWhitney(means.slice(0, blocks), means.slice(blocks)).p
}
