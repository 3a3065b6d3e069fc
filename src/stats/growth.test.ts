import { describe, expect, it } from 'vitest'
// @ts-expect-error a plain module: the noise is shared with the bench section that prints the whole table
import { autoregressive, gaussian, leakTest } from '../../bench/lib/simulations.mjs'
import { seededRandom } from '#base/random.js'
import * as stats from './index.js'
import { binomialCdf } from './distributions.js'

const x = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

describe('the leak test', () => {
  it('calls at most 1 % of pure noise growth, whatever its correlation and length', () => {
    const results = [30, 60, 300].flatMap((n) =>
      [0, 0.5, 0.8, 0.9, 0.95].map((rho) =>
        leakTest(stats, { n, rho, runs: 80, powerRuns: 0, random: seededRandom(41) }),
      ),
    )
    const runs = results.reduce((sum, result) => sum + result.runs, 0)
    const alarms = results.reduce((sum, result) => sum + Math.round(result.alarms * result.runs), 0)
    expect(runs).toBe(1200)
    // A test at 1 % gives no more than this in all but one of a thousand such tests; one at 3 % fails here.
    expect(1 - binomialCdf(alarms - 1, runs, 0.01)).toBeGreaterThan(0.001)
    expect(1 - binomialCdf(35, runs, 0.01)).toBeLessThan(0.001)
  })

  it('is needed: on the same noise the plain test of Mann and Kendall cries wolf in most runs', () => {
    const normal = gaussian(seededRandom(43))
    const alarms = x(60).filter(() => stats.mannKendall(autoregressive(300, 0.95, normal)).p < 0.01).length
    expect(alarms).toBeGreaterThan(30)
  })

  it('finds growth of the size that it states, and its interval holds the truth', () => {
    const { power } = leakTest(stats, { n: 300, rho: 0.5, runs: 150, powerRuns: 150, random: seededRandom(47) })
    expect(power).toBeGreaterThan(0.65)
    const normal = gaussian(seededRandom(53))
    const held = x(100).filter(() => {
      const growth = stats.growthOf(
        x(600),
        autoregressive(600, 0.8, normal).map((value: number, i: number) => value + 0.01 * i),
      )!
      return growth.low <= 0.01 && 0.01 <= growth.high
    }).length
    expect(held).toBeGreaterThanOrEqual(88)
  })

  it('tells gross growth in half a minute, in a line, in steps or bent, and no growth in what stands', () => {
    const normal = gaussian(seededRandom(59))
    const shapes: Record<string, (i: number) => number> = {
      line: (i) => 2 * i,
      steps: (i) => 6 * Math.floor(i / 3),
      bent: (i) => i + 0.1 * i * i,
    }
    for (const [name, shape] of Object.entries(shapes)) {
      const growth = stats.growthOf(
        x(28),
        x(28).map((i) => 100 + shape(i) + normal()),
      )!
      expect(stats.isMoving(growth, 0.001), name).toBe(true)
      expect(growth.slope, name).toBeGreaterThan(1)
    }
    const flat = stats.growthOf(
      x(28),
      x(28).map(() => 100 + normal()),
    )!
    expect(stats.isMoving(flat, 0.01)).toBe(false)
  })

  it('what filled up in the first tenth and stands still is not moving', () => {
    const normal = gaussian(seededRandom(61))
    const growth = stats.growthOf(
      x(600),
      x(600).map((i) => 100 * (1 - Math.exp(-i / 20)) + normal()),
    )!
    expect(stats.isMoving(growth, 0.01)).toBe(false)
  })

  it('says nothing of a constant, or of fewer than 16 readings', () => {
    expect(
      stats.growthOf(
        x(100),
        Array.from({ length: 100 }, () => 5),
      ),
    ).toBeUndefined()
    expect(stats.growthOf(x(15), x(15))).toBeUndefined()
  })
})

describe('autocorrelation', () => {
  it('of an autoregressive series is found without the bias of short series, growth or not', () => {
    const normal = gaussian(seededRandom(67))
    for (const rho of [0, 0.5, 0.8]) {
      const found = x(300).map((_, run) =>
        stats.residualLagOne(
          autoregressive(120, rho, normal).map((value: number, i: number) => value + (run % 2) * 0.1 * i),
        ),
      )
      expect(Math.abs(stats.mean(found) - rho)).toBeLessThan(0.05)
    }
  })

  it('leaves (1 - rho) / (1 + rho) of the values as independent ones', () => {
    const normal = gaussian(seededRandom(71))
    const sizes = x(50).map(() => stats.effectiveSize(autoregressive(2000, 0.8, normal)))
    expect(stats.median(sizes)).toBeGreaterThan(2000 / 9 / 1.4)
    expect(stats.median(sizes)).toBeLessThan((2000 / 9) * 1.4)
    expect(stats.effectiveSize(x(3))).toBe(3)
  })

  it('of block means falls as the closed form says', () => {
    const normal = gaussian(seededRandom(73))
    const series = autoregressive(200_000, 0.9, normal) as number[]
    for (const length of [5, 20, 60]) {
      const means = Array.from({ length: Math.floor(series.length / length) }, (_, i) =>
        stats.mean(series.slice(i * length, (i + 1) * length)),
      )
      expect(stats.lagOne(means)).toBeCloseTo(stats.blockLagOne(0.9, length), 1)
    }
    expect(stats.blockLagOne(0.9, 1)).toBe(0.9)
    expect(stats.blockLagOne(-0.3, 5)).toBe(0)
  })
})
