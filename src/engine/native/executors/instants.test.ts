import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { constantArrivals, mulDivFloor, rampingArrivals } from './instants.js'

const MS = 1_000_000

describe('constantArrivals', () => {
  it('is floor(i * unit / rate) for every i, exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 3_600_000_000_000 }),
        fc.integer({ min: 0, max: 2_000_000 }),
        (rate, unitNs, i) => {
          const exact = (BigInt(i) * BigInt(unitNs)) / BigInt(rate)
          fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER))
          expect(constantArrivals(rate, unitNs)(i)).toBe(Number(exact))
        },
      ),
    )
  })

  it('has not drifted after a billion iterations of a rate that does not divide the second', () => {
    expect(constantArrivals(3, 1e9)(3_000_000)).toBe(1_000_000 * 1e9)
    expect(constantArrivals(7, 1e9)(7_000_000)).toBe(1_000_000 * 1e9)
  })
})

describe('rampingArrivals', () => {
  const stage = fc.record({
    durationNs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 90_000 }).map((ms) => ms * MS),
    ),
    target: fc.integer({ min: 0, max: 60 }),
  })

  it('puts arrival n at the first whole nanosecond not after the point where the area reaches n', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.constantFrom(MS, 1e9, 60e9),
        fc.array(stage, { minLength: 1, maxLength: 6 }),
        (startRate, unitNs, stages) => {
          const due = rampingArrivals(startRate, unitNs, stages)
          const total = area(startRate, stages, sum(stages))
          const whole = total.num / (total.den * BigInt(unitNs))
          const upTo = whole > 400n ? 400 : Number(whole)
          let last = 0
          for (let n = 1; n <= upTo; n++) {
            const atNs = due(n)
            if (atNs === undefined) throw new Error(`arrival ${n} of ${whole} is missing`)
            expect(atNs).toBeGreaterThanOrEqual(last)
            // area(at) <= n < area(at + 1), compared as fractions: the definition of floor of the exact instant. Where
            // the area is n at a whole nanosecond, that is the first one (the rate may be 0 afterwards).
            const here = compare(area(startRate, stages, atNs), n, unitNs)
            expect(here).toBeLessThanOrEqual(0)
            if (here === 0) expect(compare(area(startRate, stages, atNs - 1), n, unitNs)).toBe(-1)
            else expect(compare(area(startRate, stages, atNs + 1), n, unitNs)).toBe(1)
            last = atNs
          }
          if (upTo === Number(whole)) expect(due(upTo + 1)).toBeUndefined()
        },
      ),
      { numRuns: 300 },
    )
  })

  it('gives the instants of a plain ramp as a person works them out', () => {
    // 0 to 10/s over 10 s: area t^2/2, so arrival n is at sqrt(2n) s.
    const due = rampingArrivals(0, 1e9, [{ durationNs: 10e9, target: 10 }])
    expect([1, 2, 8, 18, 50].map((n) => due(n))).toEqual([Math.floor(Math.SQRT2 * 1e9), 2e9, 4e9, 6e9, 10e9])
    expect(due(51)).toBeUndefined()
  })

  it('carries the part of an iteration over to the next stage', () => {
    // 2/s for 4.9 s is 9.8 iterations; the tenth is due after 0.2 of one more.
    const due = rampingArrivals(2, 1e9, [
      { durationNs: 4.9e9, target: 2 },
      { durationNs: 5e9, target: 2 },
    ])
    expect([9, 10, 11].map((n) => due(n))).toEqual([4.5e9, 5e9, 5.5e9])
  })
})

describe('mulDivFloor', () => {
  it('is exact beyond 2^53', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat({ max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (a, b, c) => {
        const exact = (BigInt(a) * BigInt(b)) / BigInt(c)
        fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER))
        expect(mulDivFloor(a, b, c)).toBe(Number(exact))
      }),
    )
  })
})

type Stages = readonly { readonly durationNs: number; readonly target: number }[]
interface Ratio {
  readonly num: bigint
  readonly den: bigint
}

function sum(stages: Stages): number {
  return stages.reduce((total, s) => total + s.durationNs, 0)
}

/** Integral of the rate line up to `tNs`, in rate * ns, as an exact fraction: trapezia, stage by stage. */
function area(startRate: number, stages: Stages, tNs: number): Ratio {
  let num = 0n
  let den = 1n
  let left = BigInt(tNs)
  let from = BigInt(startRate)
  for (const s of stages) {
    const d = BigInt(s.durationNs)
    const to = BigInt(s.target)
    const t = left < d ? left : d
    if (d > 0n) {
      // Height at t is from + (to - from) t / d; the trapezium is t (from + height) / 2.
      const partNum = t * (2n * from * d + (to - from) * t)
      const partDen = 2n * d
      num = num * partDen + partNum * den
      den *= partDen
    }
    left -= t
    from = to
  }
  return { num, den }
}

/** Sign of the area minus n whole iterations. */
function compare(a: Ratio, n: number, unitNs: number): number {
  const difference = a.num - BigInt(n) * BigInt(unitNs) * a.den
  return difference > 0n ? 1 : difference < 0n ? -1 : 0
}
