import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#base/random.js'
import { benjaminiHochberg, permutationTest } from './permutation.js'

describe('permutationTest', () => {
  it('is exact for small groups: 3 against 3 that do not overlap give 2 of 20', () => {
    expect(permutationTest([1, 2, 3], [10, 11, 12])).toBeCloseTo(2 / 20, 12)
    expect(permutationTest([1, 2, 3, 4, 5], [10, 11, 12, 13, 14])).toBeCloseTo(2 / 252, 12)
  })

  it('finds nothing in equal groups', () => {
    expect(permutationTest([5, 5, 5], [5, 5, 5])).toBe(1)
    expect(permutationTest([], [1])).toBe(1)
  })

  it('does not depend on the order, the sign or the scale', () => {
    const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(values, values, (a, b) => {
        const p = permutationTest(a, b)
        expect(permutationTest([...b].reverse(), a)).toBeCloseTo(p, 9)
        expect(
          permutationTest(
            a.map((x) => -3 * x),
            b.map((x) => -3 * x),
          ),
        ).toBeCloseTo(p, 9)
      }),
    )
  })

  it('cries wolf as often as it says: 5 % of 600 A/A pairs, by sampling too', () => {
    const random = seededRandom(11)
    for (const size of [6, 12]) {
      let alarms = 0
      for (let i = 0; i < 300; i++) {
        // Skewed, as latencies are.
        const draw = (): number[] => Array.from({ length: size }, () => -Math.log(1 - random()))
        if (permutationTest(draw(), draw(), i) <= 0.05) alarms++
      }
      // 99.9 % interval of a binomial of 300 and 0.05.
      expect(alarms).toBeGreaterThanOrEqual(4)
      expect(alarms).toBeLessThanOrEqual(29)
    }
  }, 60_000)
})

describe('benjaminiHochberg', () => {
  it('adjusts as R does: p.adjust(c(0.01, 0.04, 0.03, 0.005), "BH")', () => {
    const q = benjaminiHochberg([0.01, 0.04, 0.03, 0.005])
    expect(q.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0.02, 0.04, 0.04, 0.02])
  })

  it('never makes a p smaller, and keeps their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }), (p) => {
        const q = benjaminiHochberg(p)
        for (const [i, value] of q.entries()) {
          expect(value).toBeGreaterThanOrEqual((p[i] as number) - 1e-12)
          for (const [j, other] of q.entries())
            if ((p[i] as number) <= (p[j] as number)) expect(value).toBeLessThanOrEqual(other + 1e-12)
        }
      }),
    )
  })
})
