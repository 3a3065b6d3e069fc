/** Tests by ranks: they assume nothing of the distribution's shape. */
import { normalQuantile, normalUpper, studentCdf } from './distributions.js'
import { ascending, type Interval, median } from './order.js'

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const ranks = Array.from({ length: values.length }, () => 0)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++
    for (let i = from; i <= to; i++) ranks[order[i]!] = (from + to) / 2 + 1
    from = to + 1
  }
  return ranks
}

/**
 * Whether one of two independent samples tends to be larger (Mann and Whitney 1947).
 * @returns  two-sided p: exact without ties and up to 400 pairs, else normal with corrections for ties and continuity;
 *   `u` of `a`; 1 where a sample is empty or nothing differs
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): { readonly u: number; readonly p: number } {
  const [n, m] = [a.length, b.length]
  const ranks = ranksOf([...a, ...b])
  let sum = 0
  for (let i = 0; i < n; i++) sum += ranks[i]!
  const u = sum - (n * (n + 1)) / 2
  if (n === 0 || m === 0) return { u, p: 1 }
  const ties = tieTerm([...a, ...b])
  if (ties === 0 && n * m <= 400) return { u, p: exactMannWhitney(Math.min(u, n * m - u), n, m) }
  const all = n + m
  const spread = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))))
  return { u, p: twoSided(u - (n * m) / 2, spread) }
}

/**
 * Whether paired differences lie around 0 (Wilcoxon 1945); zeros are left out, as Wilcoxon did.
 * @returns  two-sided p: exact without ties for up to 50 differences, else normal with corrections for ties and
 *   continuity; `w` = the smaller sum of ranks; 1 where nothing differs
 */
export function signedRank(differences: readonly number[]): { readonly w: number; readonly p: number } {
  const kept = differences.filter((value) => value !== 0)
  const n = kept.length
  if (n === 0) return { w: 0, p: 1 }
  const sizes = kept.map(Math.abs)
  const ranks = ranksOf(sizes)
  let positive = 0
  for (let i = 0; i < n; i++) if (kept[i]! > 0) positive += ranks[i]!
  const total = (n * (n + 1)) / 2
  const w = Math.min(positive, total - positive)
  const ties = tieTerm(sizes)
  if (ties === 0 && n <= 50) return { w, p: Math.min(1, 2 * exactSignedRank(w, n)) }
  const spread = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48)
  return { w, p: twoSided(positive - total / 2, spread) }
}

/** Median of all differences `b - a` between two samples (Hodges and Lehmann 1963). */
export function hodgesLehmann(a: readonly number[], b: readonly number[]): number | undefined {
  return median(b.flatMap((y) => a.map((x) => y - x)))
}

/**
 * Median of the means of all pairs (each with itself too) of one sample, with the interval that inverts the signed-rank
 * test (normal ranks).
 */
export function pseudoMedian(
  values: readonly number[],
  confidence = 0.95,
): ({ readonly value: number } & Interval) | undefined {
  const n = values.length
  if (n === 0) return undefined
  const means: number[] = []
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) means.push((values[i]! + values[j]!) / 2)
  const sorted = ascending(means)
  const z = normalQuantile(0.5 + confidence / 2)
  const cut = Math.floor((n * (n + 1)) / 4 - z * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24))
  return {
    value: median(sorted)!,
    low: cut < 0 ? Number.NEGATIVE_INFINITY : sorted[cut]!,
    high: cut < 0 ? Number.POSITIVE_INFINITY : sorted[sorted.length - 1 - cut]!,
  }
}

/**
 * Spearman's rank correlation and its two-sided p by Student's t, as scipy has it.
 * @param effective  independent pairs behind the values, where neighbours are correlated (`effectiveSize`); all when
 *   left out
 * @returns  undefined with fewer than 4 pairs or where one side never changes
 */
export function spearman(
  x: readonly number[],
  y: readonly number[],
  effective: number = x.length,
): { readonly rho: number; readonly p: number } | undefined {
  if (x.length !== y.length) throw new RangeError(`${x.length} values against ${y.length}`)
  if (x.length < 4) return undefined
  const rho = pearson(ranksOf(x), ranksOf(y))
  if (rho === undefined) return undefined
  const degrees = Math.max(1, effective - 2)
  const t = Math.abs(rho) * Math.sqrt(degrees / Math.max(1e-300, (1 - rho) * (1 + rho)))
  return { rho, p: Math.min(1, 2 * studentCdf(-t, degrees)) }
}

function pearson(x: readonly number[], y: readonly number[]): number | undefined {
  const mx = x.reduce((sum, value) => sum + value, 0) / x.length
  const my = y.reduce((sum, value) => sum + value, 0) / y.length
  let [xx, yy, xy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    xx += (x[i]! - mx) ** 2
    yy += (y[i]! - my) ** 2
    xy += (x[i]! - mx) * (y[i]! - my)
  }
  return xx === 0 || yy === 0 ? undefined : Math.min(1, Math.max(-1, xy / Math.sqrt(xx * yy)))
}

/** Sum of t^3 - t over the groups of equal values. */
export function tieTerm(values: readonly number[]): number {
  const sorted = ascending(values)
  let sum = 0
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    const size = to - from
    sum += size ** 3 - size
    from = to
  }
  return sum
}

/** Two-sided p of a distance from the mean in steps of 1, with the correction for continuity. */
export function twoSided(distance: number, spread: number): number {
  if (spread === 0) return 1
  return Math.min(1, 2 * normalUpper(Math.max(0, Math.abs(distance) - 0.5) / spread))
}

/** By the recurrence of Mann and Whitney: ways to have u, among all ways to mix n and m values. */
function exactMannWhitney(u: number, n: number, m: number): number {
  let ways: number[][] = Array.from({ length: m + 1 }, () => [1])
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]]
    for (let j = 1; j <= m; j++) {
      const counts: number[] = []
      for (let k = 0; k <= i * j; k++) counts.push((ways[j]![k - j] ?? 0) + (next[j - 1]![k] ?? 0))
      next.push(counts)
    }
    ways = next
  }
  const counts = ways[m]!
  const all = counts.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (let k = 0; k <= u; k++) below += counts[k]!
  return Math.min(1, (2 * below) / all)
}

/** P(W+ <= w): subsets of 1..n by their sum. */
function exactSignedRank(w: number, n: number): number {
  const chance = Array.from({ length: w + 1 }, () => 0)
  chance[0] = 1
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = w; sum >= 0; sum--) chance[sum] = (chance[sum]! + (sum >= rank ? chance[sum - rank]! : 0)) / 2
  }
  return chance.reduce((sum, value) => sum + value, 0)
}
