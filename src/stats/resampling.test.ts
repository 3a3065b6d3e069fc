import { describe, expect, it } from 'vitest'
// @ts-expect-error a plain module: the noise is shared with the bench section that prints the whole table
import { autoregressive, changeTest, gaussian, quantileTest, warmUpTest } from '../../bench/lib/simulations.mjs'
import { seededRandom } from '#base/random.js'
import * as stats from './index.js'

const numbers = (n: number, seed: number): number[] => {
  const normal = gaussian(seededRandom(seed))
  return Array.from({ length: n }, () => normal())
}

describe('bootstrap', () => {
  it('is seeded: the same values give the same interval', () => {
    const values = numbers(50, 1)
    expect(stats.bootstrap(values, stats.mean)).toEqual(stats.bootstrap(values, stats.mean))
    expect(stats.bootstrap(values, stats.mean)).not.toEqual(stats.bootstrap(values, stats.mean, { seed: 2 }))
    expect(stats.bootstrap([], stats.mean)).toBeUndefined()
  })

  it('holds the mean of independent values as often as it says', () => {
    const held = Array.from(
      { length: 120 },
      (_, i) => stats.bootstrap(numbers(60, 100 + i), stats.mean, { rounds: 400 })!,
    )
    const hits = held.filter(({ low, high }) => low <= 0 && 0 <= high).length
    expect(hits).toBeGreaterThanOrEqual(105)
    expect(hits).toBeLessThan(120)
  })

  it('by blocks is wider where neighbours know of each other, and by stretches wider still', () => {
    const width = (interval: stats.Interval | undefined): number => interval!.high - interval!.low
    const values = autoregressive(120, 0.8, gaussian(seededRandom(3))) as number[]
    const plain = width(stats.bootstrap(values, stats.mean))
    const blocks = width(stats.blockBootstrap(values, 10, stats.mean))
    expect(blocks).toBeGreaterThan(1.5 * plain)
    expect(width(stats.stretchInterval(values, stats.mean))).toBeGreaterThan(blocks)
  })

  it('of two levels is as wide as the runs differ, not as narrow as their seconds are many', () => {
    const runs = [0, 1, 2, 3, 4, 5].map((level) => numbers(200, level + 9).map((value) => value + level))
    const interval = stats.twoLevelBootstrap(runs, stats.mean)!
    expect(interval.high - interval.low).toBeGreaterThan(1.5)
    expect(stats.bootstrap(runs.flat(), stats.mean)!.high).toBeLessThan(interval.high)
  })
})

describe('interval of a quantile over the seconds of a run', () => {
  it('holds the truth where seconds share a mood, and the binomial one does not', () => {
    const shape = { seconds: 60, perSecond: 50, mood: 0.2, spread: 0.3, rho: 0.5 }
    const { held, binomial } = quantileTest(stats, {
      ...shape,
      q: 0.95,
      zOfQ: 1.6448536,
      runs: 40,
      random: seededRandom(5),
    })
    expect(held).toBeGreaterThanOrEqual(0.85)
    expect(binomial).toBeLessThan(0.7)
  })

  it('is open above where too few values lie beyond the quantile, and undefined without values', () => {
    const sketch = new stats.Sketch()
    for (let i = 0; i < 100; i++) sketch.add(i)
    expect(stats.sketchQuantileInterval([sketch], 0.999)).toMatchObject({ count: 100, high: Number.POSITIVE_INFINITY })
    expect(stats.sketchQuantileInterval([], 0.5)).toBeUndefined()
  })
})

describe('warm-up', () => {
  it('MSER-5 cuts an exponential start of known length, and next to nothing of noise', () => {
    const at = (tau: number): { cut: number; flagged: number } =>
      warmUpTest(stats, { n: 120, tau, size: 6, rho: 0, runs: 60, random: seededRandom(9) })
    expect(at(0).cut).toBeLessThanOrEqual(10)
    expect(at(5).cut).toBeGreaterThanOrEqual(10)
    expect(at(5).cut).toBeLessThanOrEqual(25)
    // Too slow to cut off: the halves differ.
    expect(at(60).flagged).toBeGreaterThan(0.9)
    expect(at(0).flagged).toBeLessThan(0.06)
  })

  it('says when a series had not settled by its middle', () => {
    const rising = Array.from({ length: 100 }, (_, i) => i)
    expect(stats.mser5(rising).settled).toBe(false)
    expect(stats.mser5([1, 2, 3])).toEqual({ cut: 0, settled: true })
  })
})

describe('change points', () => {
  it('finds a step of two deviations where it is, and little where there is none', () => {
    expect(changeTest(stats, { n: 60, step: 8, runs: 15, random: seededRandom(11) }).right).toBeGreaterThanOrEqual(0.8)
    expect(changeTest(stats, { n: 60, step: 0, runs: 30, random: seededRandom(12) }).any).toBeLessThanOrEqual(0.1)
  })

  it('gives both levels of each of several steps', () => {
    const normal = gaussian(seededRandom(13))
    const values = Array.from({ length: 90 }, (_, i) => [100, 120, 90][Math.floor(i / 30)]! + normal())
    const found = stats.changePoints(values)
    expect(found.map(({ at }) => at)).toEqual([30, 60])
    expect(found.map(({ before, after }) => [Math.round(before), Math.round(after)])).toEqual([
      [100, 120],
      [120, 90],
    ])
    expect(stats.changePoints([1, 2, 3])).toEqual([])
  })
})

describe('adjusting for several tests', () => {
  it('Holm multiplies the least p by their number, and keeps their order', () => {
    expect(stats.holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
    expect(stats.holm([])).toEqual([])
  })

  it('rule of three', () => {
    expect(stats.trialsToShow(0.001)).toBe(2995)
    expect(stats.trialsToShow(0.0001)).toBe(29_956)
  })

  it('the pseudo-median of symmetric values is their middle, with an interval that holds it', () => {
    const found = stats.pseudoMedian(numbers(80, 15).map((value) => value + 7))!
    expect(found.value).toBeCloseTo(7, 0)
    expect(found.low).toBeLessThan(7)
    expect(found.high).toBeGreaterThan(7)
    expect(stats.pseudoMedian([1, 2])).toMatchObject({ low: Number.NEGATIVE_INFINITY })
  })
})
