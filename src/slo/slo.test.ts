import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { PerfwrightError } from '#base/errors.js'
import { readRecord } from '#record/index.js'
import { writeSample } from '#record/testing/sample-run.js'
import { Sketch } from '#stats/index.js'
import { prometheusMissing, startPrometheus } from '../../test/targets/servers/prometheus.mjs'
import { budgetOf, burnRateOf, detectionS, exhaustedInDays } from './budget.js'
import { checkBudgets, readBudgets } from './budgets.js'
import { checkPrometheus } from './check-prometheus.js'
import { checkRecord, countAbove, exitCodeOfSlos } from './check-record.js'
import { serviceClasses } from './classes.js'
import { proposeSlos } from './init.js'
import type { Slo, SloFile } from './model.js'
import { readSlos } from './read.js'
import { burnWindows, prometheusRules } from './rules.js'
import { slosOf, thresholdsOf } from './thresholds.js'
import { writeOpenSlo } from './write.js'

const dir = mkdtempSync(join(tmpdir(), 'pw-slo-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const checkout = `version: prometheus/v1
service: checkout
labels: { owner: shop }
slos:
  - name: availability
    objective: 99.9
    description: One request in a thousand may fail.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="checkout",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="checkout"}[{{.window}}]))
    alerting:
      name: CheckoutFails
      page_alert: { labels: { severity: pager } }
`

describe('the arithmetic of error budgets', () => {
  it('equals the examples of The Site Reliability Workbook, chapter 2 (four weeks, 3,663,253 requests)', () => {
    const requests = 3_663_253
    const availability = budgetOf(0.97, requests - 3_557_865, requests)
    expect(Math.floor(availability.allowed)).toBe(109_897)
    expect((requests - availability.bad) / requests).toBeCloseTo(0.97123, 5)
    expect(Math.floor(budgetOf(0.9, 0, requests).allowed)).toBe(366_325)
    expect(Math.floor(budgetOf(0.99, 0, requests).allowed)).toBe(36_632)
  })

  it('equals those of chapter 5: burn rates and the time to exhaustion at 99.9 % over 30 days', () => {
    const days = (burn: number): number | null => exhaustedInDays(burn, 30)
    expect([1, 2, 10].map(days)).toEqual([30, 15, 3])
    expect((days(1000) ?? 0) * 24 * 60).toBeCloseTo(43.2, 10)
    expect(budgetOf(0.999, 1, 1000)).toMatchObject({ burnRate: 1, remaining: 0 })
    expect(budgetOf(0.999, 10, 1000).burnRate).toBeCloseTo(10, 10)
  })

  it('equals those of chapter 5: 2 % in an hour, 5 % in six hours, 10 % in three days', () => {
    expect([burnRateOf(0.02, 1, 30), burnRateOf(0.05, 6, 30), burnRateOf(0.1, 72, 30)]).toEqual([14.4, 6, 1])
  })

  it('equals those of chapter 5 for detection: 0.6 s at a full outage in a ten-minute window, 5.8 min at burn rate 35', () => {
    expect(detectionS(0.999, 1, 600, 1)).toBeCloseTo(0.6, 10)
    expect((detectionS(0.999, 36, 3600, 0.36) ?? 0) / 60).toBeCloseTo(6, 10)
    expect(detectionS(0.999, 36, 3600, 0.035)).toBeNull()
  })

  it('says nothing where there were no events', () => {
    expect(budgetOf(0.999, 0, 0)).toMatchObject({ remaining: null, burnRate: null })
    expect(budgetOf(0.999, 0, 10)).toMatchObject({ remaining: 1, burnRate: 0 })
  })
})

describe('files of objectives', () => {
  it('of Sloth become one with its alerts and the threshold that a load test can judge', () => {
    const { service, labels, slos } = readSlos(checkout, 'checkout.yaml')
    expect([service, labels]).toEqual(['checkout', { owner: 'shop' }])
    expect(slos[0]).toMatchObject({
      target: 0.999,
      threshold: { metric: 'http_req_failed', source: 'rate<0.001' },
      alerting: { name: 'CheckoutFails', page: { labels: { severity: 'pager' } } },
    })
  })

  it('of OpenSLO v1 are read with an indicator beside them, and come back the same', () => {
    const text = `apiVersion: openslo/v1
kind: SLI
metadata: { name: quick }
spec:
  ratioMetric:
    counter: true
    good: { metricSource: { type: Prometheus, spec: { query: 'sum(rate(d_seconds_bucket{le="0.25"}[{{.window}}]))' } } }
    total: { metricSource: { type: Prometheus, spec: { query: 'sum(rate(d_seconds_count[{{.window}}]))' } } }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: quick }
spec:
  service: shop
  indicatorRef: quick
  timeWindow: [{ duration: 4w, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ target: 0.95 }]
`
    const read = readSlos(text, 'shop.yaml')
    expect(read.slos[0]).toMatchObject({
      windowDays: 28,
      threshold: { metric: 'http_req_duration', source: 'p(95)<250' },
    })
    const again = readSlos(writeOpenSlo(read), 'again.yaml')
    const without = ({ slos }: SloFile): unknown => slos.map((slo) => ({ ...slo, place: '', annotations: {} }))
    expect(without(again)).toEqual(without(read))
  })

  it('that are wrong are told with every mistake and its line', () => {
    const bad = checkout.replace('99.9\n', '100\n').replace('availability', 'Avail ability')
    try {
      readSlos(bad, 'bad.yaml')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(PerfwrightError)
      expect((error as Error).message).toMatch(/bad\.yaml:5:\d+: slos\.0\.name: a name of small letters/)
      expect((error as Error).message).toMatch(/bad\.yaml:6:\d+: slos\.0\.objective: below 100/)
    }
  })

  it.each([
    ['apiVersion: openslo/v9\nkind: SLO\n', /no reader for openslo\/v9/],
    ['a: [1\n', /:\d+:\d+: /],
    ['kind: Pod\n', /neither/],
    ['', /no SLO/],
  ])('that are something else are refused: %j', (text, message) => {
    expect(() => readSlos(text, 'x.yaml')).toThrow(message)
  })

  it('a threshold is guessed only where the queries plainly ask the same', () => {
    const part = checkout.replaceAll('job="checkout"', 'job="checkout",handler="/pay"')
    expect(readSlos(part, 'part.yaml').slos[0]?.threshold).toBeUndefined()
  })
})

describe('rules for Prometheus', () => {
  it('alert on the pairs of windows and burn rates that the workbook and Sloth have', () => {
    expect(
      burnWindows.map((one) => [
        one.severity,
        one.longHours,
        one.shortMinutes,
        burnRateOf(one.budgetShare, one.longHours, 30),
      ]),
    ).toEqual([
      ['page', 1, 5, 14.4],
      ['page', 6, 30, 6],
      ['ticket', 24, 120, 3],
      ['ticket', 72, 360, 1],
    ])
    const { yaml } = prometheusRules(readSlos(checkout, 'checkout.yaml'))
    const { groups } = parse(yaml) as { groups: { rules: { alert?: string; record?: string; expr: string }[] }[] }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.flatMap(({ record }) => record?.match(/ratio_rate(\w+)/)?.[1] ?? [])).toEqual([
      '5m',
      '30m',
      '1h',
      '2h',
      '6h',
      '1d',
      '3d',
      '30d',
    ])
    const alerts = rules.filter(({ alert }) => alert !== undefined)
    expect(
      alerts.map(({ expr }) =>
        [...expr.matchAll(/rate(\w+)\{[^}]*\} > \(([\d.]+) \* ([\d.]+)\)/g)].map((m) => m.slice(1)),
      ),
    ).toEqual([
      [
        ['5m', '14.4', '0.001'],
        ['1h', '14.4', '0.001'],
        ['30m', '6', '0.001'],
        ['6h', '6', '0.001'],
      ],
      [
        ['2h', '3', '0.001'],
        ['1d', '3', '0.001'],
        ['6h', '1', '0.001'],
        ['3d', '1', '0.001'],
      ],
    ])
  })

  const promtool = spawnSync('promtool', ['--version']).status === 0
  if (!promtool) console.warn('left out: promtool is not installed: apt-get install prometheus')
  it.skipIf(!promtool)('fire and stay silent as they should, by the real promtool', () => {
    const { yaml } = prometheusRules(readSlos(checkout, 'checkout.yaml'))
    writeFileSync(join(dir, 'rules.yaml'), yaml)
    // 100 requests a minute; of each hundred so many fail. 14.4 x 0.1 % = 1.44 % is where the page is.
    const scenario = (failing: number, alert: boolean): unknown => ({
      interval: '1m',
      input_series: [
        { series: 'http_requests_total{job="checkout",code="200"}', values: `0+${100 - failing}x120` },
        { series: 'http_requests_total{job="checkout",code="503"}', values: `0+${failing}x120` },
      ],
      alert_rule_test: [
        {
          eval_time: '2h',
          alertname: 'CheckoutFails',
          exp_alerts: alert
            ? [
                {
                  exp_labels: {
                    severity: 'pager',
                    slo_severity: 'page',
                    slo_id: 'checkout-availability',
                    slo_service: 'checkout',
                    slo_name: 'availability',
                    owner: 'shop',
                  },
                  exp_annotations: {
                    summary: 'availability: the error budget burns too fast',
                    title: '(page) checkout availability: the error budget burns too fast',
                  },
                },
                {
                  exp_labels: {
                    severity: 'ticket',
                    slo_severity: 'ticket',
                    slo_id: 'checkout-availability',
                    slo_service: 'checkout',
                    slo_name: 'availability',
                    owner: 'shop',
                  },
                  exp_annotations: {
                    summary: 'availability: the error budget burns too fast',
                    title: '(ticket) checkout availability: the error budget burns too fast',
                  },
                },
              ]
            : [],
        },
      ],
    })
    const tests = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [scenario(2, true), scenario(0, false)],
    }
    writeFileSync(join(dir, 'test.yaml'), JSON.stringify(tests))
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yaml'], {
      cwd: dir,
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
  })
})

describe('a record', () => {
  const slo = (name: string, target: number, metric: string, source: string): Slo => ({
    name,
    title: name,
    description: '',
    target,
    windowDays: 30,
    indicator: undefined,
    threshold: { metric, source },
    annotations: {},
    alerting: { name, page: null, ticket: null },
    place: '',
  })
  const file = (...slos: Slo[]): SloFile => ({ service: 's', labels: {}, slos })

  it('is judged with intervals, counted bad events and burn rate', async () => {
    const at = join(dir, 'sample')
    await writeSample({ dir: at }, { seconds: 20, perSecond: 50 })
    const record = await readRecord(at)
    const [fast, slow, failing, absent] = await checkRecord(
      file(
        slo('fast', 0.95, 'http_req_duration', 'p(95)<200'),
        slo('slow', 0.95, 'http_req_duration', 'p(95)<20'),
        slo('failing', 0.999, 'http_req_failed', 'rate<0.001'),
        slo('absent', 0.95, 'http_req_duration{name:/nowhere}', 'p(95)<20'),
      ),
      record,
    )
    expect(fast).toMatchObject({ verdict: 'met', budget: { bad: 0, remaining: 1 } })
    // 10 + (i mod 97) ms: those above 20 ms are all but 11 of each 97.
    const above = Array.from({ length: 1000 }, (_, i) => 10 + (i % 97)).filter((ms) => ms > 20).length
    expect(slow).toMatchObject({ verdict: 'missed', budget: { bad: above, total: 1000 } })
    expect(slow?.budget?.burnRate).toBeCloseTo(above / 1000 / 0.05, 10)
    expect(failing).toMatchObject({ verdict: 'missed', budget: { bad: 20, total: 1000 } })
    expect(failing?.budget?.burnRate).toBeCloseTo(20, 10)
    expect(absent?.verdict).toBe('no-data')
    expect(exitCodeOfSlos(['met', 'missed'])).toBe(31)
    expect(exitCodeOfSlos(['met', 'unsure'])).toBe(32)
    expect(exitCodeOfSlos(['met', 'kept'])).toBe(0)
  })

  it('counts above a limit as its sketch has them', () => {
    const sketch = new Sketch()
    for (let i = 1; i <= 100_000; i++) sketch.add(i)
    expect(Math.abs(countAbove(sketch, 90_000) - 10_000)).toBeLessThanOrEqual(100_000 * (1 / 256))
    expect([countAbove(sketch, 100_000), countAbove(sketch, 0)]).toEqual([0, 100_000])
  })

  it('is the baseline of objectives that are 10 to 20 % better, or what users expect', async () => {
    const at = join(dir, 'baseline')
    await writeSample({ dir: at }, { seconds: 20, perSecond: 50 })
    const [expected] = serviceClasses
    const { file: made, lines } = await proposeSlos([await readRecord(at)], {
      service: 'shop',
      expected: expected as (typeof serviceClasses)[number],
      better: 0.15,
      windowDays: 30,
      reviewOn: '2027-02-23',
      endpoints: 1,
      durationMetric: 'http_request_duration_seconds',
      matchers: 'job="shop"',
    })
    const [p95] = lines
    expect(p95).toMatchObject({ binding: 'baseline', expected: 200 })
    const ratio = (p95?.promised ?? 0) / (p95?.baseline?.value ?? 1)
    expect(ratio).toBeGreaterThan(0.8)
    expect(ratio).toBeLessThan(0.9)
    expect(lines.at(-1)?.note).toMatch(/20 of 1000 failed: the baseline misses it/)
    const read = readSlos(writeOpenSlo(made), 'made.yaml')
    expect(read.slos.map(({ threshold }) => threshold)).toEqual(made.slos.map(({ threshold }) => threshold))
    expect(Object.keys(thresholdsOf(read).thresholds)).toContain('http_req_duration{name:/}')
  })

  it('is held to budgets of its endpoints; one that was never asked is not kept', async () => {
    const at = join(dir, 'budget')
    await writeSample({ dir: at }, { seconds: 5, perSecond: 50 })
    const text = 'budgets: 1\nendpoints:\n  "/": { p95: 200ms, failed: 0.1% }\n  /nowhere: { p99: 1s }\n'
    const results = await checkBudgets(readBudgets(text, 'b.yaml'), await readRecord(at))
    expect(results.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['/: p95', 'kept'],
      ['/: failed', 'broken'],
      ['/nowhere: p99', 'no-data'],
    ])
    expect(() => readBudgets('budgets: 1\nendpoint: {}\n', 'b.yaml')).toThrow(/b\.yaml:2:1: .*did you mean "endpoints"/)
  })

  it('gives its thresholds as objectives, as far as they promise a share of requests', () => {
    const { file: made, left } = slosOf(
      { http_req_duration: ['p(95)<200', 'avg<100'], http_req_failed: ['rate<0.01'], checks: ['rate>0.99'] },
      'shop',
      30,
    )
    expect(made.slos.map(({ target }) => target)).toEqual([0.95, 0.99, 0.99])
    expect(left).toEqual(['http_req_duration: avg<100 promises no share of requests'])
  })
})

if (prometheusMissing !== undefined) console.warn(`left out: ${prometheusMissing}`)
describe.skipIf(prometheusMissing !== undefined)('a real Prometheus', () => {
  it('is asked over a window for what it counted of itself', async () => {
    const server = await startPrometheus()
    try {
      const query = 'prometheus_http_requests_total'
      const text = (bad: string): string =>
        `version: prometheus/v1\nservice: prometheus\nslos:\n  - name: web\n    objective: 99\n    sli: { events: { error_query: 'sum(rate(${query}${bad}[{{.window}}])) or vector(0)', total_query: 'sum(rate(${query}[{{.window}}]))' } }\n`
      const question = { url: server.url, window: '1m', fetch, headers: {} }
      const judge = async (bad: string) => (await checkPrometheus(readSlos(text(bad), 'p.yaml'), question))[0]
      let good = await judge('{code=~"5.."}')
      for (let tries = 0; tries < 60 && good?.verdict === 'no-data'; tries++) {
        await fetch(`${server.url}/-/healthy`)
        await delay(500)
        good = await judge('{code=~"5.."}')
      }
      expect(good).toMatchObject({ verdict: 'met', budget: { bad: 0, remaining: 1 } })
      // All of them counted as bad: a hundred times what one percent allows.
      const bad = await judge('')
      expect(bad?.verdict).toBe('missed')
      expect(bad?.budget?.burnRate).toBeCloseTo(100, 6)
      await expect(judge('{')).rejects.toThrow(/refused/)
    } finally {
      await server.stop()
    }
  })

  it('that is not there is said with its address', async () => {
    const file = readSlos(checkout, 'c.yaml')
    const question = { url: 'http://127.0.0.1:1', window: undefined, fetch, headers: {} }
    await expect(checkPrometheus(file, question)).rejects.toMatchObject({ code: 'PW_SLO_PROMETHEUS', exitCode: 34 })
  })
})
