/**
 * Spearman's rank correlation of two autocorrelated series, some seconds apart. Its error is that of fewer values than
 * there are: the effective number is by Bartlett's formula as Pyper and Peterman use it (Can. J. Fish. Aquat. Sci. 55,
 * 1998), and a permutation of blocks (Kuensch 1989) has to agree.
 */
import type { Random } from '#base/random.js'
import type { Column } from '../grid.js'

/** Ranks from 0 to 1 by bin, ties shared; NaN stays. Undefined when nothing varies. */
export function ranksOf(column: Column): Column | undefined {
  const order = [...column.keys()]
    .filter((i) => !Number.isNaN(column[i]))
    .sort((a, b) => (column[a] as number) - (column[b] as number))
  if (order.length < 3 || column[order[0] as number] === column[order.at(-1) as number]) return undefined
  const ranks = new Float64Array(column.length).fill(Number.NaN)
  for (let i = 0; i < order.length; ) {
    let j = i
    while (j < order.length && column[order[j] as number] === column[order[i] as number]) j++
    for (let k = i; k < j; k++) ranks[order[k] as number] = (i + j - 1) / 2 / (order.length - 1)
    i = j
  }
  return ranks
}

/** Correlation of `a[i + lag]` with `b[i]`: a lag below 0 is an `a` that goes before. */
export function correlationAt(a: Column, b: Column, lag: number): { readonly r: number; readonly n: number } {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0]
  for (let i = Math.max(0, -lag); i < b.length && i + lag < a.length; i++) {
    const [x, y] = [a[i + lag] as number, b[i] as number]
    if (x !== x || y !== y) continue
    n++
    sa += x
    sb += y
    saa += x * x
    sbb += y * y
    sab += x * y
  }
  const [va, vb] = [saa - (sa * sa) / n, sbb - (sb * sb) / n]
  return n < 8 || va <= 1e-12 || vb <= 1e-12 ? { r: 0, n } : { r: (sab - (sa * sb) / n) / Math.sqrt(va * vb), n }
}

/** Autocorrelations at lags 1, 2, ... as far as they can be told. */
export function autocorrelations(ranks: Column): readonly number[] {
  const most = Math.min(40, Math.floor(ranks.length / 4))
  return Array.from({ length: most }, (_, k) => correlationAt(ranks, ranks, k + 1).r)
}

export function effectiveSize(n: number, a: readonly number[], b: readonly number[]): number {
  let sum = 1
  for (let k = 0; k < Math.min(a.length, b.length); k++)
    sum += 2 * (1 - (k + 1) / n) * (a[k] as number) * (b[k] as number)
  return Math.max(4, Math.min(n, n / Math.max(sum, 1)))
}

/** Two-sided, by Fisher's transformation. */
export function pValue(r: number, size: number): number {
  const z = Math.abs(Math.atanh(Math.max(-0.9999, Math.min(0.9999, r)))) * Math.sqrt(Math.max(0.5, size - 3))
  return erfc(z / Math.SQRT2)
}

/** Share of orders of `a`'s blocks whose largest correlation over all lags is as large. */
export function blockPermutation(
  a: Column,
  b: Column,
  lags: readonly number[],
  observed: number,
  blockLength: number,
  rounds: number,
  random: Random,
): number {
  const blocks = Math.max(2, Math.ceil(a.length / blockLength))
  const order = Array.from({ length: blocks }, (_, i) => i)
  const shuffled = new Float64Array(a.length)
  let hits = 1
  for (let round = 0; round < rounds; round++) {
    for (let i = blocks - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[order[i], order[j]] = [order[j] as number, order[i] as number]
    }
    // Blocks begin anywhere: with fixed borders few orders would be possible in a short run.
    const shift = Math.floor(random() * a.length)
    let at = 0
    for (const block of order) {
      for (let i = block * blockLength; i < Math.min(a.length, (block + 1) * blockLength); i++) {
        shuffled[at++] = a[(i + shift) % a.length] as number
      }
    }
    const most = lags.reduce((sum, lag) => Math.max(sum, Math.abs(correlationAt(shuffled, b, lag).r)), 0)
    if (most >= observed - 1e-12) hits++
  }
  return hits / (rounds + 1)
}

/** Abramowitz and Stegun 7.1.26 scaled by Numerical Recipes' erfcc: relative error below 1.2e-7 everywhere. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x)
  return (
    t *
    Math.exp(
      -x * x -
        1.26551223 +
        t *
          (1.00002368 +
            t *
              (0.37409196 +
                t *
                  (0.09678418 +
                    t *
                      (-0.18628806 +
                        t *
                          (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))),
    )
  )
}
