import { studentCdf, studentQuantile } from './distributions.js'
import { type Interval, mean, variance } from './order.js'

/**
 * Two one-sided tests (Schuirmann 1987): whether the mean of differences lies within a margin around 0.
 * @returns  p of "the difference is at least the margin", and the 90 % interval, which lies inside the margin exactly
 *   when p < 0.05; undefined with fewer than 2 differences
 */
export function equivalence(
  differences: readonly number[],
  margin: number,
): ({ readonly p: number; readonly value: number } & Interval) | undefined {
  const n = differences.length
  if (n < 2) return undefined
  const value = mean(differences)
  const error = Math.sqrt(variance(differences) / n)
  if (error === 0) return { p: Math.abs(value) < margin ? 0 : 1, value, low: value, high: value }
  const above = 1 - studentCdf((value + margin) / error, n - 1)
  const below = studentCdf((value - margin) / error, n - 1)
  const reach = studentQuantile(0.95, n - 1) * error
  return { p: Math.max(above, below), value, low: value - reach, high: value + reach }
}
