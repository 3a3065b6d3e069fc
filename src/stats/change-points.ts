/** Where the level of a history changed: E-divisive means (Matteson and James 2014). */
import { type Random, seededRandom } from '#base/random.js'

export interface ChangePoint {
  /** Index of the first value of the new level. */
  readonly at: number
  readonly before: number
  readonly after: number
  readonly p: number
}

/**
 * Divides the history where the energy distance of the two sides is greatest, as long as a permutation test says that
 * chance would not, and then each part again.
 * @param options.alpha        of each division
 * @param options.leastLength  values a part must have
 * @remarks  O(n^2) a division and permutation; 200 values take some tens of milliseconds. Takes values as independent.
 */
export function changePoints(
  values: readonly number[],
  options: {
    readonly alpha?: number
    readonly leastLength?: number
    readonly permutations?: number
    readonly seed?: number
  } = {},
): readonly ChangePoint[] {
  const { alpha = 0.01, leastLength = 5, permutations = 199, seed = 1 } = options
  const random = seededRandom(seed)
  const borders = [0, values.length]
  const found: { readonly at: number; readonly p: number }[] = []
  const queue: (readonly [number, number])[] = [[0, values.length]]
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    const [from, to] = part
    const segment = values.slice(from, to)
    const best = bestDivision(segment, leastLength)
    if (best === undefined) continue
    const p = chanceOf(segment, best.distance, leastLength, permutations, random)
    if (p > alpha) continue
    const at = from + best.at
    found.push({ at, p })
    borders.push(at)
    queue.push([from, at], [at, to])
  }
  borders.sort((a, b) => a - b)
  return found
    .sort((a, b) => a.at - b.at)
    .map(({ at, p }) => {
      const i = borders.indexOf(at)
      return { at, before: average(values, borders[i - 1]!, at), after: average(values, at, borders[i + 1]!), p }
    })
}

/** The index that maximizes nm / (n + m) * (2 E|X - Y| - E|X - X'| - E|Y - Y'|). */
function bestDivision(
  values: readonly number[],
  leastLength: number,
): { readonly at: number; readonly distance: number } | undefined {
  const n = values.length
  if (n < 2 * leastLength) return undefined
  // Sums of distances within the left part, within the right part and between them, as values pass from right to left.
  let [left, right, between] = [0, 0, 0]
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) right += Math.abs(values[i]! - values[j]!)
  let best: { at: number; distance: number } | undefined
  for (let at = 1; at <= n - leastLength; at++) {
    let [toLeft, toRight] = [0, 0]
    const moved = values[at - 1]!
    for (let j = 0; j < at - 1; j++) toLeft += Math.abs(values[j]! - moved)
    for (let j = at; j < n; j++) toRight += Math.abs(values[j]! - moved)
    left += toLeft
    right -= toRight
    between += toRight - toLeft
    if (at < leastLength) continue
    const rest = n - at
    const energy =
      (2 * between) / (at * rest) -
      (2 * left) / Math.max(1, at * (at - 1)) -
      (2 * right) / Math.max(1, rest * (rest - 1))
    const distance = ((at * rest) / n) * energy
    if (best === undefined || distance > best.distance) best = { at, distance }
  }
  return best
}

function chanceOf(
  values: readonly number[],
  distance: number,
  leastLength: number,
  permutations: number,
  random: Random,
): number {
  const shuffled = [...values]
  let hits = 1
  for (let round = 0; round < permutations; round++) {
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      const value = shuffled[i]!
      shuffled[i] = shuffled[j]!
      shuffled[j] = value
    }
    if ((bestDivision(shuffled, leastLength)?.distance ?? 0) >= distance) hits++
  }
  return hits / (permutations + 1)
}

function average(values: readonly number[], from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum / (to - from)
}
