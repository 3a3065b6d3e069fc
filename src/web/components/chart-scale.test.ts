import { describe, expect, it } from 'vitest'
import { timeEnds, topOf } from './chart-scale.js'

describe('scales of a chart', () => {
  it('never have equal ends, whatever was measured: after one second, of nothing, of zeros, of what is no number', () => {
    for (const times of [[], [0], [1], [1, 1], [3600]]) {
      const { min, max } = timeEnds(times)
      expect(max, String(times)).toBeGreaterThan(min)
    }
    for (const max of [Number.NaN, 0, -5, Number.POSITIVE_INFINITY, 1e308, 5e-324, 3])
      for (const most of [undefined, 0, 1]) {
        const top = topOf(max, [Number.NaN, 0, 10], most)
        expect(top, `${max} ${most}`).toBeGreaterThan(0)
        expect(top).toBeLessThanOrEqual(1e30)
      }
  })

  it('show a limit that is near, and pass over one far above', () => {
    expect(topOf(100, [200])).toBeCloseTo(216, 10)
    expect(topOf(100, [5000])).toBeCloseTo(108, 10)
    expect(topOf(0.99, [], 1)).toBe(1)
  })
})
