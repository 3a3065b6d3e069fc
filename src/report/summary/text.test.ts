import { describe, expect, it } from 'vitest'
import { readRun } from './testing/replay.js'
import { renderSummary } from './text.js'

const plain = { paint: false, timeUnit: undefined } as const

describe('the end-of-test text', () => {
  it("has every line of k6's full summary, in k6's order, with k6's numbers", () => {
    const { run, summary } = readRun('k6-text')
    expect(comparable(renderSummary(summary, { ...plain, mode: 'full' }))).toEqual(comparable(run.text ?? ''))
  })

  it('leaves the phases of requests, groups and scenarios out of the compact mode', () => {
    const text = renderSummary(readRun('k6-text').summary, { ...plain, mode: 'compact' })
    expect(text).not.toMatch(/http_req_waiting|SCENARIO|GROUP/)
    expect(text).toMatch(/http_req_duration\.+: avg=/)
    expect(text).toContain('✗ sometimes\n      ↳  ')
  })

  it('shows the legacy mode as one list with the marks of thresholds', () => {
    const text = renderSummary(readRun('k6-text').summary, { ...plain, mode: 'legacy' })
    expect(text).toMatch(/\n {3}✗ http_req_duration\.+: avg=/)
    expect(text).toMatch(/\n {5}✓ \{ status:500 }\.+: avg=/)
    expect(text).toMatch(/\n {5}█ outer\n\n {7}✓ in outer\n/)
    expect(text).toMatch(/\n {5}http_reqs\.+: 17 /)
  })

  it('says that there were no samples where k6 shows zeros', () => {
    const text = renderSummary(readRun('k6-text').summary, { ...plain, mode: 'compact' })
    expect(text).toMatch(/unused\.+: no samples\n/)
    expect(text).toContain("✓ 'avg<5' avg=0 (no samples)")
  })

  it('keeps to one time unit when told', () => {
    const text = renderSummary(readRun('k6-text').summary, { ...plain, timeUnit: 's', mode: 'compact' })
    expect(text).toMatch(/http_req_duration\.+: avg=0\.00s +min=0\.00s/)
  })

  it('has no escape sequence unless told', () => {
    const { summary } = readRun('k6-text')
    expect(renderSummary(summary, { ...plain, mode: 'full' })).not.toContain('\x1b')
    expect(renderSummary(summary, { ...plain, paint: true, mode: 'full' })).toContain('\x1b[32m')
  })

  it('shows response time only where it tells more than service time', () => {
    const { summary } = readRun('k6-text')
    const service = summary.metrics.find(({ name }) => name === 'http_req_duration')!
    const own = { ...service, name: 'http_req_response_time', own: true }
    const same = renderSummary({ ...summary, metrics: [...summary.metrics, own] }, { ...plain, mode: 'compact' })
    expect(same).not.toContain('RESPONSE TIME')
    const late = { ...own, values: { ...own.values, 'p(95)': 900 } }
    const text = renderSummary({ ...summary, metrics: [...summary.metrics, late] }, { ...plain, mode: 'compact' })
    expect(text).toMatch(/█ RESPONSE TIME.*\n\n {4}http_req_response_time\.+: avg=.*p\(95\)=900ms/)
  })

  it('sets asked beside sent, and names what was dropped', () => {
    const arrivals = [
      { scenario: 'buy', askedIterations: 1000, startedIterations: 800, droppedIterations: 200, durationS: 10 },
    ]
    const text = renderSummary(readRun('k6-text').summary, { ...plain, mode: 'compact', extras: { arrivals } })
    expect(text).toContain('buy  asked 1000  100/s  sent 800  80/s  80.00%  200 dropped: no free VU')
  })

  it('says why numbers are not to be trusted, and nothing when they are', () => {
    const { summary } = readRun('k6-text')
    const bad = { verdict: 'not-trustworthy', reasons: ['the injector used 99 % of its core'] }
    expect(renderSummary(summary, { ...plain, mode: 'compact', extras: { trust: bad } })).toContain(
      'these numbers are not trustworthy:\n      the injector used 99 % of its core',
    )
    const good = { verdict: 'trustworthy', reasons: [] }
    expect(renderSummary(summary, { ...plain, mode: 'compact', extras: { trust: good } })).not.toContain('TRUST')
  })

  it('puts one line per endpoint under --summary-by', () => {
    const { summary } = readRun('k6-text')
    const pick = (names: string[]): typeof summary.metrics => summary.metrics.filter(({ name }) => names.includes(name))
    const parts = [{ key: 'GET /', metrics: pick(['http_reqs', 'http_req_failed', 'http_req_duration']), checks: [] }]
    const breakdowns = [{ by: 'endpoint', overflowed: false, parts }]
    const text = renderSummary({ ...summary, breakdowns }, { ...plain, mode: 'compact' })
    expect(text).toMatch(/█ BY ENDPOINT\n\n {4}endpoint +requests +per s +failed .*\n {4}GET \/ +17 +13\.86 +35\.29% /)
  })
})

/** What differs on purpose: trailing spaces, trends without samples, and the place of ↳ below nested checks. */
function comparable(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trimEnd()
        .replace(/^ +(?=↳ {2}\d+%)/, '')
        .replace(/: avg=0s? +min=0s? .*$/, ': no samples')
        .replace(/ \(no samples\)$/, ''),
    )
}
