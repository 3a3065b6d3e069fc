/**
 * Throughput of a system with one hard limit (a pool, a core, a rate limit): it grows in proportion to the load until the
 * knee and stays, or falls, beyond it. The asymptotes of operational analysis (Denning and Buzen 1978); a curve that
 * bends slowly is the Universal Scalability Law's.
 */
import { minimize } from './nelder-mead.js'
import { explained, type LoadPoint, relativeLoss } from './usl.js'

export interface BrokenLine {
  /** Throughput per unit of load below the knee. */
  readonly slope: number
  readonly knee: number
  /** Loss beyond the knee: throughput is slope * knee / (1 + fall * (load - knee) / knee). */
  readonly fall: number
  readonly loss: number
  readonly r2: number
}

export function brokenLineAt({ slope, knee, fall }: Pick<BrokenLine, 'slope' | 'knee' | 'fall'>, load: number): number {
  return load <= knee ? slope * load : (slope * knee) / (1 + (fall * (load - knee)) / knee)
}

/** By relative least squares. @param near  a fit of nearly the same points @returns undefined with fewer than 4 loads above 0 with throughput */
export function fitBrokenLine(points: readonly LoadPoint[], near?: BrokenLine): BrokenLine | undefined {
  const usable = points.filter(({ load, throughput }) => load > 0 && throughput > 0)
  const loads = [...new Set(usable.map(({ load }) => load))].sort((a, b) => a - b)
  if (loads.length < 4) return undefined
  const loss = (x: readonly number[]): number => relativeLoss(usable, (load) => brokenLineAt(decode(x), load))
  // The loss has a valley between each two loads, so the search begins in the one that is best on a grid.
  const first = loads[0]!
  const ratio = loads.at(-1)! / first
  const grid = Array.from({ length: 41 }, (_, i) => first * ratio ** (i / 40)).map((knee) => {
    const below = usable.map(({ load, throughput }) => throughput / Math.min(load, knee)).sort((a, b) => a - b)
    return [Math.log(below[Math.floor(below.length / 2)]!), Math.log(knee), 0.05]
  })
  const ranked = grid.map((x) => ({ x, value: loss(x) })).sort((a, b) => a.value - b.value)
  const starts =
    near === undefined
      ? ranked.slice(0, 2)
      : [ranked[0]!, { x: [Math.log(near.slope), Math.log(near.knee), Math.max(0.02, Math.sqrt(near.fall))] }]
  const best = starts
    .map(({ x }) => minimize(loss, x, [0.05, 0.1, 0.2]))
    .reduce((least, end) => (end.value < least.value ? end : least))
  const found = decode(best.x)
  return { ...found, loss: best.value, r2: explained(usable, (load) => brokenLineAt(found, load)) }
}

function decode([logSlope = 0, logKnee = 0, rootFall = 0]: readonly number[]): {
  slope: number
  knee: number
  fall: number
} {
  return { slope: Math.exp(logSlope), knee: Math.exp(logKnee), fall: rootFall ** 2 }
}
