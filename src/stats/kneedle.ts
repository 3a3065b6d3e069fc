/**
 * Where a curve bends most (Satopää, Albrecht, Irwin and Raghavan 2011, "Finding a Kneedle in a Haystack"), offline.
 * @param shape  `concave`: rises and flattens, as throughput over load; `convex`: flat, then rises, as latency over load
 * @param sensitivity  S of the paper: how many flat steps it takes after the knee
 * @returns  x of the knee; undefined where the curve has none, or with fewer than 5 points
 */
export function kneedle(
  points: readonly { readonly x: number; readonly y: number }[],
  shape: 'concave' | 'convex',
  sensitivity = 1,
): number | undefined {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const n = sorted.length
  if (n < 5) return undefined
  const xs = unit(sorted.map(({ x }) => x))
  const ys = unit(sorted.map(({ y }) => y))
  if (xs === undefined || ys === undefined) return undefined
  // A convex curve, turned by half a circle, is a concave one.
  const distance = shape === 'concave' ? xs.map((x, i) => ys[i]! - x) : xs.map((x, i) => x - ys[i]!)
  const step = sensitivity / (n - 1)
  let [best, top] = [-1, 0]
  for (let i = 1; i < n - 1; i++) {
    const isPeak = distance[i]! >= distance[i - 1]! && distance[i]! > distance[i + 1]!
    if (!isPeak || distance[i]! <= top) continue
    // A knee counts once the curve has come down from it by more than chance steps.
    if (distance.slice(i + 1).some((value) => value < distance[i]! - step)) {
      best = i
      top = distance[i]!
    }
  }
  return best < 0 ? undefined : sorted[best]!.x
}

function unit(values: readonly number[]): number[] | undefined {
  const low = Math.min(...values)
  const high = Math.max(...values)
  return high > low ? values.map((value) => (value - low) / (high - low)) : undefined
}
