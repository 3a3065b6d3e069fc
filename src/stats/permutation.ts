/** Tests that assume nothing of the distribution: profiles and latencies are never normal. */
import { seededRandom } from '#base/random.js'

/** More ways to divide the pooled values than this are sampled. */
const maxExact = 20_000

/**
 * Two-sided permutation test of the difference of two means (Fisher 1935; Pitman 1937): the share of the ways to divide
 * the pooled values into two groups of these sizes that differ at least as much.
 * @param seed  of the sampling, when there are too many ways to try them all
 * @returns p in (0, 1]; 1 when a group is empty. With `n` and `m` values no p below 1 / C(n + m, n) is possible.
 */
export function permutationTest(a: readonly number[], b: readonly number[], seed = 1): number {
  if (a.length === 0 || b.length === 0) return 1
  const pooled = [...a, ...b]
  const sum = total(pooled)
  const observed = Math.abs(total(a) / a.length - total(b) / b.length)
  // Rounding must not make the division that was observed look unlike itself.
  const limit = observed - 1e-9 * Math.max(1e-300, Math.abs(sum))
  const extreme = (sumA: number): boolean => Math.abs(sumA / a.length - (sum - sumA) / b.length) >= limit
  if (waysToChoose(pooled.length, a.length) <= maxExact) {
    let [hits, all] = [0, 0]
    const walk = (from: number, left: number, sumA: number): void => {
      if (left === 0) {
        all++
        if (extreme(sumA)) hits++
        return
      }
      for (let i = from; i <= pooled.length - left; i++) walk(i + 1, left - 1, sumA + (pooled[i] as number))
    }
    walk(0, a.length, 0)
    return hits / all
  }
  const random = seededRandom(seed)
  let hits = 1
  for (let round = 0; round < maxExact; round++) {
    // Fisher and Yates, as far as the first group.
    let sumA = 0
    for (let i = 0; i < a.length; i++) {
      const j = i + Math.floor(random() * (pooled.length - i))
      const value = pooled[j] as number
      pooled[j] = pooled[i] as number
      pooled[i] = value
      sumA += value
    }
    if (extreme(sumA)) hits++
  }
  return hits / (maxExact + 1)
}

/**
 * Adjusted p-values that hold the share of false findings among all findings (Benjamini and Hochberg 1995).
 * @returns q by the order of `p`
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => (p[j] as number) - (p[i] as number))
  const q = Array.from({ length: p.length }, () => 1)
  let least = 1
  for (const [rank, i] of order.entries()) {
    least = Math.min(least, ((p[i] as number) * p.length) / (p.length - rank))
    q[i] = least
  }
  return q
}

/**
 * Adjusted p-values that hold the chance of even one false finding among all tests (Holm 1979).
 * @returns by the order of `p`
 */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => (p[i] as number) - (p[j] as number))
  const adjusted = Array.from({ length: p.length }, () => 1)
  let most = 0
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (p[i] as number) * (p.length - rank)))
    adjusted[i] = most
  }
  return adjusted
}

function waysToChoose(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
