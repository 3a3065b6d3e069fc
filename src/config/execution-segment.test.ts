import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createShare,
  formatSegment,
  formatSegmentSequence,
  parseSegment,
  parseSegmentSequence,
} from './execution-segment.js'

const first = (n: number, share: ReturnType<typeof createShare>): number[] =>
  Array.from({ length: n }, (_, i) => share.globalIndex(i))

describe('parseSegment', () => {
  it.each([
    ['', '0:1'],
    ['1/3', '0:1/3'],
    ['25%', '0:1/4'],
    ['0.2:2/3', '1/5:2/3'],
    ['50%:0.75', '1/2:3/4'],
    ['2/4:75%', '1/2:3/4'],
  ])('reads %j as %s', (text, shown) => {
    expect(formatSegment(parseSegment(text))).toBe(shown)
  })

  it.each([
    ['x', "'x' is not a valid percentage, decimal, fraction or interval value"],
    ['1.5%', "'1.5%' is not a valid percentage"],
    ['2', "segment end value can't be more than 1 but was 2.00"],
    ['2:3', "segment end value can't be more than 1 but was 3.00"],
    ['1/3:1/4', 'segment start(0.33) must be less than its end(0.25)'],
    ['-0.1:1', 'segment start value must be at least 0 but was -0.10'],
    ['1/0', "'1/0' is not a valid percentage, decimal, fraction or interval value"],
  ])("refuses %j in k6's words", (text, message) => {
    expect(() => parseSegment(text)).toThrow(message)
  })

  it('reads sequences, and refuses a single point', () => {
    expect(formatSegmentSequence(parseSegmentSequence('0,0.25,1/2,1'))).toBe('0,1/4,1/2,1')
    expect(() => parseSegmentSequence('1')).toThrow('at least 2 points are needed')
  })
})

describe('createShare', () => {
  // What instances of real k6 print for exec.scenario.iterationInTest under these flags.
  it('stripes as k6 does', () => {
    const sequence = '0,1/2,3/4,1'
    expect(first(5, createShare('0:1/2', sequence))).toEqual([0, 2, 4, 6, 8])
    expect(first(3, createShare('1/2:3/4', sequence))).toEqual([1, 5, 9])
    expect(first(3, createShare('3/4:1', sequence))).toEqual([3, 7, 11])
  })

  it('refuses a segment that its sequence does not have', () => {
    expect(() => createShare('0:1/3', '0,1/2,1')).toThrow("couldn't find segment 0:1/3 in sequence 0,1/2,1")
  })

  it('refuses segments whose stripe would not fit into memory', () => {
    expect(() => createShare('0.000000001', undefined)).toThrow('no common denominator')
  })

  const sequences = fc
    .uniqueArray(fc.integer({ min: 1, max: 29 }), { minLength: 1, maxLength: 5 })
    .map((cuts) => [0, ...cuts.sort((a, b) => a - b), 30].map((n) => `${n}/30`))

  it('gives every item to exactly one instance, whatever the segments', () => {
    fc.assert(
      fc.property(sequences, fc.integer({ min: 0, max: 200 }), (points, total) => {
        const shares = points.slice(1).map((to, i) => createShare(`${points[i]}:${to}`, points.join(',')))
        const items = shares.flatMap((s) => first(s.scale(total), s))
        expect(items.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i))
      }),
    )
  })

  it('still does when items are spread over the VUs that each instance got', () => {
    fc.assert(
      fc.property(sequences, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 90 }), (points, vus, total) => {
        const shares = points.slice(1).map((to, i) => createShare(`${points[i]}:${to}`, points.join(',')))
        const items = shares.flatMap((s) => {
          const part = s.resegment(vus)
          return part === undefined ? [] : first(part.scale(total), part)
        })
        expect(items.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i))
      }),
    )
  })
})
