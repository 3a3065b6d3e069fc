/** Whether a series grows, and how fast. Both take the values as independent: see `autocorrelation.ts` for making them so. */
import { normalQuantile, normalUpper } from './distributions.js'
import { ascending, type Interval, median } from './order.js'
import { tieTerm } from './ranks.js'

/**
 * Mann and Kendall's test for a monotone trend (Mann 1945).
 * @param inflation  of the variance, for what is left of the correlation between neighbours; 1 = independent
 * @returns  two-sided p: exact without ties up to 40 values at inflation 1, else normal with corrections for ties and
 *   continuity; S = pairs that rise minus pairs that fall
 */
export function mannKendall(values: readonly number[], inflation = 1): { readonly s: number; readonly p: number } {
  const n = values.length
  let s = 0
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) s += Math.sign(values[j]! - values[i]!)
  if (n < 3) return { s, p: 1 }
  const ties = tieTerm(values)
  if (ties === 0 && inflation === 1 && n <= 40) return { s, p: exactKendall(Math.abs(s), n) }
  const spread = Math.sqrt(kendallVariance(values) * inflation)
  return { s, p: spread === 0 ? 1 : Math.min(1, 2 * normalUpper(Math.max(0, Math.abs(s) - 1) / spread)) }
}

/**
 * Median of the slopes of all pairs of points (Theil 1950, Sen 1968), with Sen's interval.
 * @param inflation  as in `mannKendall`
 * @returns  undefined with fewer than two different x
 */
export function theilSen(
  x: readonly number[],
  y: readonly number[],
  options: { readonly confidence?: number; readonly inflation?: number } = {},
): ({ readonly slope: number; readonly intercept: number } & Interval) | undefined {
  const { confidence = 0.95, inflation = 1 } = options
  // A typed array sorts by number, several times as fast: there are n^2 / 2 of them.
  const sorted = new Float64Array((x.length * (x.length - 1)) / 2)
  let count = 0
  for (let i = 0; i < x.length; i++) {
    for (let j = i + 1; j < x.length; j++) {
      if (x[j] !== x[i]) sorted[count++] = (y[j]! - y[i]!) / (x[j]! - x[i]!)
    }
  }
  if (count === 0) return undefined
  const slopes = sorted.subarray(0, count).sort()
  const slope = (slopes[(count - 1) >> 1]! + slopes[count >> 1]!) / 2
  const reach = normalQuantile(0.5 + confidence / 2) * Math.sqrt(kendallVariance(y) * inflation)
  // Ranks as scipy.stats.theilslopes rounds them.
  const upper = Math.min(roundHalfEven((count + reach) / 2), count - 1)
  const lower = Math.max(roundHalfEven((count - reach) / 2) - 1, 0)
  return {
    slope,
    intercept: median(y)! - slope * median(x)!,
    low: slopes[lower]!,
    high: slopes[upper]!,
  }
}

function kendallVariance(values: readonly number[]): number {
  const n = values.length
  const sorted = ascending(values)
  let ties = 0
  for (let from = 0; from < n; ) {
    let to = from + 1
    while (to < n && sorted[to] === sorted[from]) to++
    const size = to - from
    ties += size * (size - 1) * (2 * size + 5)
    from = to
  }
  return (n * (n - 1) * (2 * n + 5) - ties) / 18
}

/** P(|S| >= s), from the chances of each number of inversions in a random order. */
function exactKendall(s: number, n: number): number {
  const chances = inversions(n)
  // S = pairs - 2 * inversions.
  const most = ((n * (n - 1)) / 2 - s) / 2
  let below = 0
  for (let k = 0; k <= most; k++) below += chances[k]!
  return Math.min(1, 2 * below)
}

const inversionsOf = new Map<number, readonly number[]>([[1, [1]]])

function inversions(n: number): readonly number[] {
  const known = inversionsOf.get(n)
  if (known !== undefined) return known
  const fewer = inversions(n - 1)
  // The n-th value comes to stand before 0 to n - 1 of the others. Summed afresh each time: a running difference would
  // lose the tails, which are all that a test looks at.
  const chances = Array.from({ length: fewer.length + n - 1 }, (_, k) => {
    let sum = 0
    for (let back = 0; back < n && back <= k; back++) sum += fewer[k - back] ?? 0
    return sum / n
  })
  inversionsOf.set(n, chances)
  return chances
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
