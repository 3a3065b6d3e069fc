import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Metric, WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import { DamagedLine, decodeFrame, decodeLine, encodeFrame, type Frame } from './frame.js'

const trend: Metric = { id: 0, name: 'some_trend', type: 'trend', contains: 'time', own: false }
const counter: Metric = { id: 1, name: 'some_counter', type: 'counter', contains: 'data', own: true }

function frame(rows: readonly WindowRow[], entries: Frame['tagSets'][number]['entries'] = []): Frame {
  return {
    seq: 3,
    fromNs: 1e9,
    toNs: 2e9,
    unixMs: 5,
    source: 'w',
    metrics: [trend, counter],
    tagSets: [{ id: 0, entries }],
    rows,
  }
}

function roundTrip(written: Frame): Frame {
  const line = encodeFrame(written)
  expect(line.at(-1)).toBe(10)
  return decodeFrame(decodeLine(line.subarray(0, -1)), { metrics: new Map(), tagSets: new Map() }).frame
}

const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 60 })

describe('a window as a line', () => {
  it('gives back every sketch bucket for bucket, infinities and negative values among them', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (list, exact) => {
        const sketch = new Sketch(exact ? 100 : 0)
        for (const value of list) sketch.add(value)
        const written = sketch.toRow()
        const [row] = roundTrip(frame([{ metric: 0, tags: 0, ...written }])).rows
        expect(row).toMatchObject({ count: written.count, min: written.min, max: written.max })
        expect(row?.buckets).toEqual(written.buckets)
        expect(row?.zeros).toBe(written.zeros)
      }),
    )
  })

  it('gives back tags of any text, sorted by key', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (tags) => {
        const entries = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))
        expect(roundTrip(frame([], entries)).tagSets[0]?.entries).toEqual(entries)
      }),
    )
    const proto = [['__proto__', 'x']] as const
    expect(roundTrip(frame([], proto)).tagSets[0]?.entries).toEqual(proto)
  })

  it('keeps infinite sums apart from missing ones', () => {
    const row = { metric: 1, tags: 0, count: 1, sum: Number.POSITIVE_INFINITY, min: Number.NEGATIVE_INFINITY, max: 0 }
    expect(roundTrip(frame([row])).rows).toEqual([row])
  })
})

describe('a line that no writer wrote', () => {
  const known = () => ({
    metrics: new Map([
      [0, trend],
      [1, counter],
    ]),
    tagSets: new Map([[0, { id: 0, entries: [] }]]),
  })
  const window = { seq: 0, fromNs: 0, toNs: 1, unixMs: 0, source: '', metrics: [], tagSets: [], rows: [] as unknown[] }

  it.each([
    ['a wrong length', [1, 0, 1, 1, 1]],
    ['no samples', [1, 0, 0, 0, 0, 0]],
    ['a negative count', [1, 0, -1, 0, 0, 0]],
    ['text for a number', [1, 0, 1, '1', 0, 0]],
    ['buckets that do not add up', [0, 0, 3, 1, 1, 1, 0, [130000, 1]]],
    ['a bucket that cannot be', [0, 0, 1, 1, 1, 1, 0, [1e9, 1]]],
    ['half a bucket', [0, 0, 1, 1, 1, 1, 0, [130000]]],
    ['a trend of no values', [0, 0, []]],
  ])('is refused for %s', (_what, row) => {
    expect(() => decodeFrame({ ...window, rows: [row] }, known())).toThrow(DamagedLine)
  })

  it('is refused whatever JSON it is, never another way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(window)), (value, key) => {
        for (const line of [value, { ...window, [key]: value }]) {
          try {
            decodeFrame(line, known())
          } catch (error) {
            expect(error).toBeInstanceOf(DamagedLine)
          }
        }
      }),
    )
  })

  it('counts rows whose metric or tags nobody defined', () => {
    const rows = [
      [7, 0, 1, 1, 1, 1],
      [1, 9, 1, 1, 1, 1],
      [1, 0, 1, 1, 1, 1],
    ]
    expect(decodeFrame({ ...window, rows }, known())).toMatchObject({
      orphanRows: 2,
      frame: { rows: [{ metric: 1, count: 1 }] },
    })
  })
})
