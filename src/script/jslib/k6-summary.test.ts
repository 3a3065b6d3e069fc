import { describe, expect, it } from 'vitest'
import { Realm } from './testing/realm.js'

const { textSummary, jUnit, humanizeValue } = new Realm().load('https://jslib.k6.io/k6-summary/0.0.2/index.js')

const data = {
  root_group: {
    name: '',
    checks: [{ name: 'top', passes: 1, fails: 2 }],
    groups: [{ name: 'login', checks: [{ name: 'ok', passes: 3, fails: 0 }], groups: [] }],
  },
  options: { summaryTrendStats: ['avg', 'p(99)', 'count'], summaryTimeUnit: '' },
  metrics: {
    http_req_duration: {
      type: 'trend',
      contains: 'time',
      values: { avg: 1.23456, 'p(99)': 65_432.1, count: 12 },
      thresholds: { 'p(99)<1': { ok: false } },
    },
    'http_req_duration{status:200}': {
      type: 'trend',
      contains: 'time',
      values: { avg: 0.00012, 'p(99)': 0.9, count: 3 },
    },
    checks: {
      type: 'rate',
      contains: 'default',
      values: { rate: 0.99999, passes: 99_999, fails: 1 },
      thresholds: { 'rate>0.5': { ok: true } },
    },
    data_sent: { type: 'counter', contains: 'data', values: { count: 123_456_789, rate: 9.5 } },
    vus: { type: 'gauge', contains: 'default', values: { value: 1.5, min: 0, max: 10 } },
  },
}

describe('k6-summary', () => {
  it("lays the text out as k6's library does", () => {
    expect(textSummary(data, { indent: ' ', enableColors: false })).toBe(
      [
        '     ✗ top',
        '      ↳  33% — ✓ 1 / ✗ 2',
        '',
        '     █ login',
        '',
        '       ✓ ok',
        '',
        '   ✓ checks..............: 99.99% ✓ 99999 ✗ 1   ',
        '     data_sent...........: 124 MB 9.5 B/s',
        '   ✗ http_req_duration...: avg=1.23ms p(99)=1m5s  count=12',
        '       { status:200 }....: avg=120ns  p(99)=900µs count=3 ',
        '     vus.................: 1.5    min=0   max=10',
      ].join('\n'),
    )
  })

  it('colours it unless told not to', () => {
    expect(textSummary(data)).toContain('\u001b[32m       ✓ ok\u001b[0m')
  })

  it('writes thresholds as JUnit test cases', () => {
    const xml = jUnit(data, { name: 'a<b' })
    expect(xml).toContain('<testsuite name="a&lt;b" tests="2" failures="1">')
    expect(xml).toContain('<testcase name="checks - rate&gt;0.5" classname="Unnamed folder" />')
    expect(xml).toContain(
      '<failure message="trend threshold failed: avg value: 1.23456, p(99) value: 65432.1, count value: 12" />',
    )
  })

  it.each([
    [0, 'time', '', '0s'],
    [0.5, 'time', '', '500µs'],
    [61_234, 'time', '', '1m1s'],
    [3_661_000, 'time', '', '1h1m1s'],
    [1_234.5, 'time', 's', '1.23s'],
    [1_500, 'data', '', '1.5 kB'],
    [12_345_678, 'data', '', '12 MB'],
    [1.123456789, 'default', '', '1.123457'],
  ])('%d of %s in unit "%s" is %s', (value, contains, unit, text) => {
    expect(humanizeValue(value, { type: 'trend', contains }, unit)).toBe(text)
  })
})
