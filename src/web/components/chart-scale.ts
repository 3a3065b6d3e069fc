/**
 * Ends of a chart's scales. None is ever empty: between equal ends the chart library looks for ticks until the page has no
 * memory left. Values come from targets, so they may be anything.
 */

/** Beyond it the library knows no step between ticks. */
const MOST = 1e30

/** Seconds; the first second of a run is drawn whole. */
export function timeEnds(times: ArrayLike<number>): { readonly min: number; readonly max: number } {
  const min = times[0] ?? 0
  return { min, max: Math.max(times[times.length - 1] ?? 1, min + 1) }
}

/** @param limits  values of lines across the chart; @param most  what the values cannot exceed (1 for a share) */
export function topOf(max: number, limits: readonly number[] = [], most?: number): number {
  let top = Number.isFinite(max) && max > 0 ? max * 1.08 : 1
  // A limit far above would press everything else flat.
  for (const value of limits) if (value < top * 3) top = Math.max(top, value * 1.08)
  if (most !== undefined && most > 0) top = Math.min(top, most)
  return Math.min(top, MOST)
}
