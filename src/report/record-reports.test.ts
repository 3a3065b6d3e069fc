import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// @ts-expect-error the package has no types
import Papa from 'papaparse'
import { afterAll, describe, expect, it } from 'vitest'
import { readRecord, type RunRecord } from '#record/index.js'
import { writeSample } from '#record/testing/sample-run.js'
import { renderReport } from './index.js'

const root = mkdtempSync(join(tmpdir(), 'pw-report-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function sample(options: Parameters<typeof writeSample>[1] = {}): Promise<RunRecord> {
  const { writer } = await writeSample(mkdtempSync(join(root, 'r')), options)
  return readRecord(writer.dir)
}

function parseCsv(csv: string): {
  readonly data: readonly Record<string, string>[]
  readonly errors: readonly unknown[]
} {
  return Papa.parse(csv, { header: true, skipEmptyLines: true })
}

async function text(record: RunRecord, format: string, series = false): Promise<string> {
  let all = ''
  for await (const piece of renderReport(record, format, { series, language: 'en' })) all += String(piece)
  return all
}

describe('the json report', () => {
  it('holds verdict, thresholds, endpoints with service and response time, errors and what is missing', async () => {
    const report = JSON.parse(await text(await sample(), 'json'))
    expect(report).toMatchObject({
      reportVersion: 1,
      state: 'finished',
      verdict: { passed: false, exitCode: 99 },
      durationS: 3,
      missing: [],
      errors: [{ kind: 'status 503', of: 'request', count: 3 }],
    })
    expect(report.endpoints.map((row: { key: string; count: number }) => [row.key, row.count])).toEqual([
      ['GET /', 45],
      ['GET /cart', 15],
    ])
    expect(report.endpoints[0].responseTimeMs.med - report.endpoints[0].serviceTimeMs.med).toBeCloseTo(5)
    expect(report.observed.injector[0]).toEqual({ metric: 'cpu_ratio', samples: 3, last: 0.25, min: 0.25, max: 0.25 })
  })

  it('with the series has every window, and is still one JSON document', async () => {
    const report = JSON.parse(await text(await sample(), 'json', true))
    expect(report.series).toHaveLength(3)
    const [reqs] = report.series[0].rows
    expect(reqs).toEqual({
      metric: 'http_reqs',
      tags: { group: '', method: 'GET', name: '/cart', scenario: 'default', status: '200' },
      count: 5,
      sum: 5,
      min: 1,
      max: 1,
    })
  })
})

describe('the csv report', () => {
  it('lets no name that the target chose become a formula of a spreadsheet', async () => {
    const { writer } = await writeSample(mkdtempSync(join(root, 'f')), { checkName: '=HYPERLINK("http://x","y")' })
    const csv = await text(await readRecord(writer.dir), 'csv')
    expect(csv).toContain(`"'=HYPERLINK(""http://x"",""y"")"`)
    expect(csv).not.toMatch(/(^|,)"?=/m)
  })

  it('has one row per metric over all, one per metric and tags', async () => {
    const { data, errors } = parseCsv(await text(await sample(), 'csv'))
    expect(errors).toEqual([])
    const reqs = data.filter((row) => row['metric'] === 'http_reqs')
    expect(reqs.map((row) => [row['scope'], row['tag_name'], row['tag_status'], row['count'], row['per_s']])).toEqual([
      ['total', '', '', '60', '20'],
      ['tags', '/cart', '200', '15', '5'],
      ['tags', '/', '200', '42', '14'],
      ['tags', '/', '503', '3', '1'],
    ])
    const failed = data.find((row) => row['metric'] === 'http_req_failed')
    expect(failed).toMatchObject({ ratio: '0.05', avg: '', p95: '' })
  })

  it('with the series has one row per second, metric and tags', async () => {
    const { data } = parseCsv(await text(await sample(), 'csv', true))
    expect(
      data.filter((row) => row['metric'] === 'vus').map((row) => [row['from_s'], row['to_s'], row['value']]),
    ).toEqual([
      ['0', '1', '2'],
      ['1', '2', '2'],
      ['2', '3', '2'],
    ])
  })
})

describe('the md report', () => {
  it('says all that the record knows', async () => {
    const report = await text(await sample(), 'md')
    expect(report.replace(/\| Record \| .*/, '| Record | ... |')).toMatchInlineSnapshot(`
      "# sample

      **FAILED** (exit code 99): thresholds on metrics 'http_req_failed' have been crossed. The numbers are doubtful.

      |  |  |
      |---|---|
      | Record | ... |
      | Time | 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:23.000Z (3s) |
      | Script | sample.js (sha256 abababababab) |
      | Engine | native 0.1.0 |
      | Test type | load |
      | Command | perfwright run sample.js |

      ## Summary

      Does it hold up under this load? No. 60 requests in 3 s, 20/s on average. Nineteen of twenty answers came within 71.1 ms, ninety-nine of a hundred within 73.4 ms. No goal was set, so nothing was judged: give thresholds in the script or a plan. Only the load was measured, so causes are not known: run it where the target can be observed.

      **Capacity**: The tested environment has 50% of production's capacity; in proportion the same service would carry 40/s there. Capacity seldom grows in proportion: take it as a bound, not as a promise.

      **Risk**: 5% of the requests failed (3), most of them: status 503. The numbers themselves are in doubt: The injector was busy.

      **Next: name the target (--target-pid or --target-cmd), then run again.**

      ## Trust

      **doubtful**
      - The injector was busy.

      ## Thresholds

      |  | Metric | Threshold | Value |
      |---|---|---|---:|
      | holds | http_req_duration | p(95)&lt;500 | 95 |
      | **crossed** | http_req_failed | rate&lt;0.01 | 0.05 |

      ## Checks

      | Group | Check | Passed | Failed | Passed, share |
      |---|---|---:|---:|---:|
      |  | status is 200 | 57 | 3 | 95.00% |

      ## Latency

      |  | Count | avg | min | p50 | p90 | p95 | p99 | max | Error of percentiles |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
      | Service time of requests (from send) | 60 | 39.5ms | 10ms | 39.5ms | 63.1ms | 66.05ms | 68.41ms | 69ms | exact |
      | Response time of requests (from the intended start) | 60 | 44.5ms | 15ms | 44.5ms | 68.09ms | 71.05ms | 73.41ms | 74ms | exact |

      ## By endpoint

      | Endpoint | Requests | per s | Failed | Service p50 | p95 | p99 | max | Response p50 | p95 | p99 | max |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
      | GET / | 45 | 15 | 6.66% | 40ms | 66.59ms | 68.56ms | 69ms | 45ms | 71.59ms | 73.56ms | 74ms |
      | GET /cart | 15 | 5 | 0.00% | 38ms | 63.2ms | 65.44ms | 66ms | 43ms | 68.19ms | 70.44ms | 71ms |

      ## By scenario

      | Scenario | Requests | per s | Failed | Service p50 | p95 | p99 | max | Response p50 | p95 | p99 | max |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
      | default | 60 | 20 | 5.00% | 39.5ms | 66.05ms | 68.41ms | 69ms | 44.5ms | 71.05ms | 73.41ms | 74ms |

      ## Errors by kind

      | Kind | Of | Count |
      |---|---|---:|
      | status 503 | request | 3 |

      ## Asked and sent

      | Scenario | Executor | Asked | Sent | Dropped | Start lag p50 | p99 | max |
      |---|---|---:|---:|---:|---:|---:|---:|
      | default | constant-arrival-rate | 60 | 58 | 2 | 100µs | 900µs | 2ms |

      ## All metrics

      | Metric | Type | Samples | Values |
      |---|---|---|---|
      | http_reqs | counter | 60 | count=60 rate=20/s |
      | http_req_duration | trend | 60 | avg=39.5ms min=10ms med=39.5ms max=69ms p(90)=63.1ms p(95)=66.05ms p(99)=68.41ms p(99.9)=68.94ms |
      | http_req_failed | rate | 60 | rate=5.00% passes=3 fails=57 |
      | checks | rate | 60 | rate=95.00% passes=57 fails=3 |
      | vus | gauge | 3 | value=2 min=2 max=2 |
      | http_req_response_time (perfwright) | trend | 60 | avg=44.5ms min=15ms med=44.5ms max=74ms p(90)=68.09ms p(95)=71.05ms p(99)=73.41ms p(99.9)=73.94ms |

      ## Observed

      | Of | Metric | Samples | min | max | last |
      |---|---|---:|---:|---:|---:|
      | injector | cpu_ratio | 3 | 0.25 | 0.25 | 0.25 |
      | injector | heap_bytes | 3 | 10000000 | 10000000 | 10000000 |

      ## Environment

      | Host | Role | Cores | Processor | Memory | System | Runtimes |
      |---|---|---|---|---|---|---|
      | build | injector | 2 | a processor | 8.0 GB | Linux 6.1 x64 | node v20.19.0 |

      Git commit c0ffee0000000000000000000000000000000000 on main.

      The tested environment has 50.00% of production's capacity.
      "
    `)
  })

  it('of a killed run has no verdict and says what is missing', async () => {
    const report = await text(await sample({ end: false }), 'md')
    expect(report).toContain('**NO VERDICT**: the run was killed before its verdict.')
    expect(report).toContain('## What is missing\n\n- verdicts, trust, exit code: the run was killed')
    expect(report).toContain('| GET / | 45 |')
  })

  it('keeps hostile names on their line and out of the markup', async () => {
    const report = await text(
      await sample({ header: { name: 'a\n# b <img src=x> [x](javascript:1) | `c`\x1b[31m' } }),
      'md',
    )
    expect(report.split('\n')[0]).toBe('# a # b &lt;img src=x&gt; \\[x\\](javascript:1) \\| \\`c\\` \\[31m')
  })
})
