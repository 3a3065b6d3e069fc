/** Middles of repeated measurements with their spread, and how long several stretches cover together. */

export interface Middle {
  readonly median: number
  /** Of so few values the interval of the median is smallest to largest: 2^(1-n) is its chance to miss (97 % for n = 6). */
  readonly low: number
  readonly high: number
  readonly count: number
}

export function middleOf(values: readonly number[]): Middle | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const at = (i: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, i))] as number
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2
  // Order statistics of the binomial(n, 1/2): n/2 +- 0.98 sqrt(n).
  const reach = Math.ceil(0.98 * Math.sqrt(sorted.length))
  return { median, low: at(half - reach), high: at(sorted.length - 1 - half + reach), count: sorted.length }
}

/** Milliseconds that the stretches cover, each moment once. */
export function covered(stretches: readonly { readonly startMs: number; readonly endMs: number }[]): number {
  let total = 0
  let until = -Infinity
  for (const { startMs, endMs } of [...stretches].sort((a, b) => a.startMs - b.startMs)) {
    total += Math.max(0, endMs - Math.max(startMs, until))
    until = Math.max(until, endMs)
  }
  return total
}

/** Slope of y over x by least squares; undefined when x does not vary. */
export function slopeOf(points: readonly (readonly [number, number])[]): number | undefined {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const xx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const xy = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return n < 2 || xx === 0 ? undefined : xy / xx
}
