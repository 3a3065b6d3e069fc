import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RELATIVE_ERROR, Sketch } from './sketch.js'

const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true })
const any = fc.oneof(
  positive,
  positive.map((v) => -v),
  fc.constant(0),
  fc.double({ min: 0.001, max: 10_000, noNaN: true }),
)
const values = fc.array(any, { minLength: 1, maxLength: 600 })
const shares = fc.double({ min: 0, max: 1, noNaN: true })

function sketchOf(list: readonly number[], exactLimit = 0): Sketch {
  const sketch = new Sketch(exactLimit)
  for (const value of list) sketch.add(value)
  return sketch
}

/** k6's formula over the sorted values. */
function exactQuantile(list: readonly number[], q: number): number {
  const sorted = Float64Array.from(list).sort()
  const rank = q * (sorted.length - 1)
  const low = sorted[Math.floor(rank)]!
  const high = sorted[Math.ceil(rank)]!
  return low === high ? low : low + (high - low) * (rank - Math.floor(rank))
}

describe('Sketch', () => {
  it('keeps every order statistic within the relative error', () => {
    fc.assert(
      fc.property(values, shares, (list, q) => {
        const sketch = sketchOf(list)
        const sorted = Float64Array.from(list).sort()
        const rank = Math.floor(q * (list.length - 1))
        const exact = sorted[rank]!
        // Asking for a rank exactly leaves no interpolation between neighbours of different sign.
        const asked = list.length === 1 ? 0 : rank / (list.length - 1)
        const estimate = sketch.quantile(asked)!
        const lower = sorted[Math.max(0, rank - 1)]!
        // rank / (n - 1) * (n - 1) may fall a hair below rank: then the estimate lies between two order statistics.
        const slack = RELATIVE_ERROR * Math.max(Math.abs(exact), Math.abs(lower))
        expect(estimate).toBeGreaterThanOrEqual(Math.min(lower, exact) - slack)
        expect(estimate).toBeLessThanOrEqual(exact + RELATIVE_ERROR * Math.abs(exact))
      }),
    )
  })

  it('keeps interpolated quantiles of one sign within the relative error of 0.4 %', () => {
    const times = fc.array(fc.double({ min: 0.000_001, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 600 })
    fc.assert(
      fc.property(times, shares, (list, q) => {
        const exact = exactQuantile(list, q)
        expect(Math.abs(sketchOf(list).quantile(q)! - exact)).toBeLessThanOrEqual(exact * (RELATIVE_ERROR + 1e-12))
      }),
    )
  })

  it('is exact up to the limit it was given, and within the error beyond', () => {
    fc.assert(
      fc.property(values, shares, (list, q) => {
        const sketch = sketchOf(list, 300)
        expect(sketch.exact).toBe(list.length <= 300)
        if (sketch.exact) expect(sketch.quantile(q)).toBe(exactQuantile(list, q))
      }),
    )
  })

  it('has exact count, sum, min, max and zeros', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 50, 1000), (list, limit) => {
        const sketch = sketchOf(list, limit)
        expect(sketch.count).toBe(list.length)
        expect(sketch.min).toBe(list.reduce((a, b) => Math.min(a, b)))
        expect(sketch.max).toBe(list.reduce((a, b) => Math.max(a, b)))
        expect(sketch.zeros).toBe(list.filter((v) => v === 0).length)
        expect(sketch.sum).toBe(list.reduce((a, b) => a + b, 0))
      }),
    )
  })

  it('merges in any order and grouping to the same buckets', () => {
    fc.assert(
      fc.property(values, values, values, fc.constantFrom(0, 200, 5000), (a, b, c, limit) => {
        const left = sketchOf(a, limit)
        left.merge(sketchOf(b, limit))
        left.merge(sketchOf(c, limit))
        const inner = sketchOf(c, limit)
        inner.merge(sketchOf(b, limit))
        const right = sketchOf([], limit)
        right.merge(inner)
        right.merge(sketchOf(a, limit))
        const whole = sketchOf([...a, ...b, ...c], limit)
        for (const other of [right, whole]) {
          expect(other.toSparse()).toEqual(left.toSparse())
          expect([other.count, other.zeros, other.min, other.max]).toEqual([left.count, left.zeros, left.min, left.max])
          // Few values in one go are still all at hand; then the quantile is exact instead of estimated.
          if (other.exact !== left.exact) continue
          for (const q of [0, 0.25, 0.5, 0.99, 1]) expect(other.quantile(q)).toBe(left.quantile(q))
        }
      }),
    )
  })

  it('comes back from its sparse form', () => {
    fc.assert(
      fc.property(values, (list) => {
        const sketch = sketchOf(list)
        const back = Sketch.fromSparse(sketch.toRow())
        expect(back.toRow()).toEqual(sketch.toRow())
        if (!sketch.exact) for (const q of [0, 0.5, 0.9, 1]) expect(back.quantile(q)).toBe(sketch.quantile(q))
      }),
    )
  })

  it('writes the same buckets while it is exact as afterwards', () => {
    fc.assert(
      fc.property(values, (list) => {
        expect(sketchOf(list, 1000).toSparse()).toEqual(sketchOf(list).toSparse())
      }),
    )
  })

  it('brings its values with a row only as long as it is to be exact', () => {
    expect(sketchOf([1, 2], 2).toRow().values).toEqual(Float64Array.of(1, 2))
    expect(sketchOf([1, 2, 3], 2).toRow().values).toBeUndefined()
    expect(sketchOf([1]).toRow().values).toBeUndefined()
  })

  it('stays exact in a merge only with the values in hand', () => {
    const sketch = sketchOf([1, 2, 3], 10)
    const { values: _gone, ...bucketsOnly } = sketchOf([4], 10).toRow()
    sketch.mergeRow(bucketsOnly)
    expect(sketch.exact).toBe(false)
    expect(sketch.count).toBe(4)
    expect(sketch.quantile(1)).toBe(4)
  })

  it('stays usable between adds and reads', () => {
    const sketch = new Sketch(4)
    for (let i = 1; i <= 300; i++) {
      sketch.add(i)
      expect(sketch.max).toBe(i)
      expect(sketch.quantile(0)).toBe(1)
    }
    expect(sketch.quantile(0.5)! / 150.5).toBeCloseTo(1, 2)
  })

  it('is empty and exact again after clear', () => {
    const sketch = sketchOf(
      Array.from({ length: 500 }, (_, i) => i - 3),
      2,
    )
    expect(sketch.exact).toBe(false)
    sketch.clear()
    expect([sketch.count, sketch.sum, sketch.zeros, sketch.quantile(0.5), sketch.mean()]).toEqual([
      0,
      0,
      0,
      undefined,
      undefined,
    ])
    expect(sketch.toSparse()).toEqual(new Float64Array(0))
    sketch.add(7)
    expect(sketch.exact).toBe(true)
    expect(sketch.quantile(0.3)).toBe(7)
  })

  it('takes infinities, subnormals and NaN without harm', () => {
    for (const limit of [0, 100]) {
      const sketch = sketchOf([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 5e-324, 1, -0], limit)
      expect(sketch.count).toBe(5)
      expect(sketch.zeros).toBe(2)
      expect(sketch.quantile(0)).toBe(Number.NEGATIVE_INFINITY)
      expect(sketch.quantile(1)).toBe(Number.POSITIVE_INFINITY)
      expect(sketch.quantile(0.75)).toBeCloseTo(1, 2)
    }
  })

  it('refuses a quantile outside 0..1', () => {
    for (const q of [-0.1, 1.1, Number.NaN]) expect(() => sketchOf([1]).quantile(q)).toThrow(RangeError)
  })

  it('refuses damaged sparse data', () => {
    const row = sketchOf([1, 2, 3]).toRow()
    const damaged =
      (buckets: number[]): (() => Sketch) =>
      () =>
        Sketch.fromSparse({ ...row, buckets: Float64Array.from(buckets) })
    expect(damaged([130944.5, 3])).toThrow(/bucket 0/)
    expect(damaged([130944, -3])).toThrow(/bucket 0/)
    expect(damaged([130944])).toThrow(/bucket 0/)
    expect(damaged([1e9, 3])).toThrow(/bucket 0/)
    expect(damaged([130944, Number.NaN])).toThrow(/bucket 0/)
    expect(damaged([130944, 2])).toThrow(/3 values has 2/)
  })
})
