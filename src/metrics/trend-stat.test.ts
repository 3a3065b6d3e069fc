import { describe, expect, it } from 'vitest'
import { Sketch } from '#stats/index.js'
import { parseTrendStat, trendStatOf } from './trend-stat.js'

describe('trend columns', () => {
  it.each([
    ['avg', 4],
    ['min', 1],
    ['med', 3],
    ['max', 8],
    ['count', 3],
    ['p(0)', 1],
    ['p(75)', 5.5],
    ['p(99.9)', 7.99],
    ['p(100)', 8],
  ])('%s of 1, 3, 8 is %d', (stat, value) => {
    const sketch = new Sketch(10)
    for (const v of [3, 1, 8]) sketch.add(v)
    expect(trendStatOf(sketch, parseTrendStat(stat))).toBeCloseTo(value, 9)
  })

  it('are 0 without samples, as in k6', () => {
    for (const stat of ['avg', 'min', 'max', 'count', 'p(90)'])
      expect(trendStatOf(new Sketch(), parseTrendStat(stat))).toBe(0)
  })

  it.each([
    ['mean', "invalid trend stat 'mean', unknown format"],
    ['p95', "invalid trend stat 'p95', unknown format"],
    ['p(101)', "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100"],
    ['p(x)', "invalid percentile trend stat value 'p(x)', provide a number between 0 and 100"],
  ])("refuse %s in k6's words", (stat, message) => {
    expect(() => parseTrendStat(stat)).toThrow(message)
  })
})
