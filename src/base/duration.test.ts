import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, formatFixedDuration, parseDuration, parseGoDuration } from './duration.js'

const MS = 1e6
const S = 1e9

describe('parseDuration', () => {
  it.each([
    ['1m30.5s', 90.5 * S],
    ['300ms', 300 * MS],
    ['1h2m3s', 3723 * S],
    ['1.5h', 5400 * S],
    ['.5s', 0.5 * S],
    ['1.s', S],
    ['-1.5s', -1.5 * S],
    ['+2s', 2 * S],
    ['2us', 2_000],
    ['2µs', 2_000],
    ['7ns', 7],
    ['1.9ns', 1],
    ['0', 0],
    ['1d', 86_400 * S],
    ['1d12h', 129_600 * S],
    ['-1d1h', -90_000 * S],
    ['10', 10 * MS],
    ['1e3', S],
    [10, 10 * MS],
    [10.5, 10.5 * MS],
    [-1, -MS],
    [0.0000019, 1],
  ])('reads %j as %d ns', (value, ns) => {
    expect(parseDuration(value)).toEqual({ ns })
  })

  it.each([
    ['abc', 'time: invalid duration "abc"'],
    ['', 'time: invalid duration ""'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['1s5', 'time: missing unit in duration "1s5"'],
    ['.s', 'time: invalid duration ".s"'],
    ['xd', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['1d-1h', "invalid time format '-1h'"],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
    [true, "'true' is not a valid duration value"],
    [{}, "'{}' is not a valid duration value"],
    [Number.NaN, 'time: invalid duration "NaN"'],
  ])("refuses %j in k6's words", (value, error) => {
    expect(parseDuration(value)).toEqual({ error })
  })

  it('takes no bare number and no days on the command line', () => {
    expect(parseGoDuration('5')).toEqual({ error: 'time: missing unit in duration "5"' })
    expect(parseGoDuration('1d')).toEqual({ error: 'time: unknown unit "d" in duration "1d"' })
  })

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDuration(text)))
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ns'],
    [1_500, '1.5µs'],
    [10.5 * MS, '10.5ms'],
    [S, '1s'],
    [90.5 * S, '1m30.5s'],
    [600 * S, '10m0s'],
    [630 * S, '10m30s'],
    [86_400 * S, '24h0m0s'],
    [-1.5 * S, '-1.5s'],
  ])('prints %d ns as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text)
  })

  it('is read back as the same nanoseconds', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (ns) => {
        expect(parseDuration(formatDuration(ns))).toEqual({ ns: ns + 0 })
      }),
    )
  })
})

describe('formatFixedDuration', () => {
  it.each([
    [5 * S, 9 * S, '5.0s'],
    [5 * S, 10 * S, '05.0s'],
    [5 * S, 60 * S, '0m05.0s'],
    [5 * S, 600 * S, '00m05.0s'],
    [65.26 * S, 600 * S, '01m05.3s'],
    [5 * S, 3600 * S, '0h00m05.0s'],
    [5 * S, 36_000 * S, '00h00m05.0s'],
    [86_405 * S, 86_400 * S * 20, '01d00h00m05.0s'],
  ])('pads %d ns of %d ns to %s', (ns, max, text) => {
    expect(formatFixedDuration(ns, max)).toBe(text)
  })
})
