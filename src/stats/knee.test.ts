import { describe, expect, it } from 'vitest'
// @ts-expect-error a plain module: the noise is shared with the bench section that prints the whole table
import { closedThroughput, kneeTest, openQueue } from '../../bench/lib/simulations.mjs'
import { seededRandom } from '#base/random.js'
import * as stats from './index.js'

const law = { lambda: 40, sigma: 0.03, kappa: 0.0008 }
const points = (loads: readonly number[], at: (n: number) => number): stats.LoadPoint[] =>
  loads.map((load) => ({ load, throughput: at(load) }))

describe('knee', () => {
  it('of a known law is inside its interval, of a ladder that ends before it is not reached', () => {
    const random = (): ReturnType<typeof seededRandom> => seededRandom(3)
    const shared = {
      throughputAt: (n: number) => stats.uslAt(law, n),
      truth: 34.82,
      noise: 0.03,
      runs: 8,
      rounds: 60,
    }
    const whole = kneeTest(stats, { ...shared, loads: [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80], random: random() })
    expect(whole.reached).toBe(1)
    expect(whole.held).toBeGreaterThanOrEqual(6 / 8)
    expect(whole.median).toBeCloseTo(34.82, -1)
    const cut = kneeTest(stats, { ...shared, loads: [1, 2, 4, 8, 12, 16, 20, 24], random: random() })
    expect(cut.reached).toBe(0)
  })

  it('of c servers without think time is c, exactly', () => {
    for (const servers of [4, 16]) {
      const loads = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4].map((share) => share * servers)
      const knee = stats.findKnee(
        points(loads, (n) => closedThroughput(n, servers, 0.02, 0)),
        50,
      )
      expect(knee).toMatchObject({ verdict: 'reached', model: 'broken-line' })
      expect(knee.at).toBeCloseTo(servers, 2)
      expect(knee.throughput).toBeCloseTo(servers / 0.02, 0)
    }
  })

  it('cannot be told from four loads, or from numbers that follow no load', () => {
    expect(stats.findKnee(points([1, 2, 4, 8], (n) => 10 * n)).verdict).toBe('cannot-tell')
    expect(stats.findKnee(points([1, 2, 3, 4, 5, 6, 7, 8], (n) => [9, 1, 30, 2, 8, 40, 1, 12][n - 1]!)).verdict).toBe(
      'cannot-tell',
    )
    expect(stats.findKnee([]).verdict).toBe('cannot-tell')
  })
})

describe('kneedle', () => {
  it("finds the bend of the paper's curve and none in a straight line", () => {
    // Section V of the paper: y = -1 / x + 5, whose knee it puts at 0.22 of 0.1..1.
    const xs = Array.from({ length: 10 }, (_, i) => i / 9)
    expect(
      stats.kneedle(
        xs.map((x) => ({ x, y: -1 / (x + 0.1) + 5 })),
        'concave',
      ),
    ).toBeCloseTo(0.22, 2)
    expect(
      stats.kneedle(
        xs.map((x) => ({ x, y: 3 * x })),
        'concave',
      ),
    ).toBeUndefined()
  })

  it('finds where the latency of a queue turns up', () => {
    const loads = [20, 40, 60, 80, 100, 120, 140, 160, 180, 190, 196]
    const knee = stats.kneedle(
      loads.map((x) => ({ x, y: openQueue(x, 4, 0.02).timeS })),
      'convex',
    )
    expect(knee).toBeGreaterThanOrEqual(160)
    expect(knee).toBeLessThanOrEqual(190)
  })
})

describe("Little's law", () => {
  it('holds for an M/M/4 queue by its closed form, and shows a number that is off', () => {
    const { timeS } = openQueue(150, 4, 0.02)
    // Mean number in an M/M/4 at 150/s and 20 ms, by Erlang's C: 3 + 0.509 * 3.
    expect(timeS * 150).toBeCloseTo(4.53, 1)
    expect(stats.littleRatio(timeS * 150, 150, timeS * 1000)).toBeCloseTo(1, 10)
    expect(stats.littleRatio(9, 150, 20)).toBeCloseTo(3, 10)
    expect(stats.littleRatio(1, 0, 20)).toBeUndefined()
  })
})
