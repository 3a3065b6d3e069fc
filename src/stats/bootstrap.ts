/** Intervals by resampling. Seeded: the same record gives the same interval. */
import { type Random, seededRandom } from '#base/random.js'
import { lagOne } from './autocorrelation.js'
import { normalQuantile, studentQuantile } from './distributions.js'
import { ascending, type Interval, sortedQuantile } from './order.js'

export interface BootstrapOptions {
  readonly rounds?: number
  readonly confidence?: number
  readonly seed?: number
}

/** Percentile interval (Efron 1979) of a statistic of independent values. @returns undefined for an empty list */
export function bootstrap<T>(
  values: readonly T[],
  statistic: (sample: readonly T[]) => number | undefined,
  options: BootstrapOptions = {},
): Interval | undefined {
  return intervalOf(values.length, (random) => statistic(values.map(() => pick(values, random))), options)
}

/**
 * Moving blocks (Künsch 1989): neighbours that know of each other stay together.
 * @param blockLength  in values; the cube root of their number is the usual choice
 */
export function blockBootstrap<T>(
  values: readonly T[],
  blockLength: number,
  statistic: (sample: readonly T[]) => number | undefined,
  options: BootstrapOptions = {},
): Interval | undefined {
  const n = values.length
  const length = Math.max(1, Math.min(blockLength, n))
  const draw = (random: Random): T[] => {
    const sample: T[] = []
    while (sample.length < n) {
      const from = Math.floor(random() * (n - length + 1))
      for (let i = 0; i < length && sample.length < n; i++) sample.push(values[from + i]!)
    }
    return sample
  }
  return intervalOf(n, (random) => statistic(draw(random)), options)
}

/**
 * Interval of a statistic of consecutive stretches of one run, which share slow moods: by moving blocks whose length
 * follows the correlation of the stretches (Carlstein 1986), widened as Student's t is where that leaves few blocks.
 */
export function stretchInterval<T>(
  values: readonly T[],
  statistic: (sample: readonly T[]) => number,
  options: BootstrapOptions = {},
): Interval | undefined {
  const n = values.length
  const raw = lagOne(values.map((value) => statistic([value])))
  // Low by about (1 + 3 rho) / n around a mean (Kendall 1954).
  const rho = Math.max(0, Math.min(0.95, n <= 8 ? raw : (raw * n + 1) / (n - 3)))
  const length = Math.max(
    1,
    Math.min(Math.floor(n / 4), Math.round(((2 * rho) / (1 - rho * rho)) ** (2 / 3) * (1.5 * n) ** (1 / 3))),
  )
  const found = blockBootstrap(values, length, statistic, options)
  if (found === undefined) return undefined
  const p = 0.5 + (options.confidence ?? 0.95) / 2
  const wider = studentQuantile(p, Math.max(1, n / length - 1)) / normalQuantile(p)
  const value = statistic(values)
  return { low: value - wider * (value - found.low), high: value + wider * (found.high - value) }
}

/** Two levels: runs first, then the windows within each, since windows of one run share that run's luck. */
export function twoLevelBootstrap<T>(
  groups: readonly (readonly T[])[],
  statistic: (sample: readonly T[]) => number | undefined,
  options: BootstrapOptions = {},
): Interval | undefined {
  const draw = (random: Random): T[] =>
    groups.flatMap(() => {
      const group = pick(groups, random)
      return group.map(() => pick(group, random))
    })
  return intervalOf(groups.length, (random) => statistic(draw(random)), options)
}

function intervalOf(
  n: number,
  draw: (random: Random) => number | undefined,
  { rounds = 1000, confidence = 0.95, seed = 1 }: BootstrapOptions,
): Interval | undefined {
  if (n === 0) return undefined
  const random = seededRandom(seed)
  const results: number[] = []
  for (let i = 0; i < rounds; i++) {
    const result = draw(random)
    if (result !== undefined && !Number.isNaN(result)) results.push(result)
  }
  if (results.length < rounds / 2) return undefined
  const sorted = ascending(results)
  return {
    low: sortedQuantile(sorted, (1 - confidence) / 2)!,
    high: sortedQuantile(sorted, (1 + confidence) / 2)!,
  }
}

function pick<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random() * values.length)]!
}
