// handleSummary: files, stdout, stderr; the shape of data.
// stdout
// file: out.txt
// k6 answers `setup_data: undefined` without a setup(), perfwright has no such key: this script has one.
import http from 'k6/http'
import { check, group } from 'k6'
import { Trend } from 'k6/metrics'
const tr = new Trend('tr')
export const options = {
  iterations: 2,
  thresholds: { tr: ['avg<10', 'avg<1'], checks: ['rate==1'] },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(99)', 'count'],
}
export const setup = () => 5
export default function () {
  tr.add(5)
  check(1, { top: true })
  group('g', () => check(http.get(`${__ENV.BASE_URL}/get`), { in: (r) => r.status === 200 }))
}
const shape = (v) =>
  v === null
    ? 'null'
    : Array.isArray(v)
      ? v.map(shape)
      : typeof v === 'object'
        ? Object.fromEntries(
            Object.keys(v)
              .sort()
              .map((k) => [k, shape(v[k])]),
          )
        : typeof v
export function handleSummary(data) {
  return {
    stdout: `${JSON.stringify(shape(data), null, 1)}\n${Object.keys(data.metrics.tr.values).sort()}${Object.keys(data.metrics.tr.thresholds).sort()}\n${JSON.stringify(data.metrics.checks.thresholds)}\n${data.options.summaryTimeUnit}|${data.options.noColor}\n`,
    'out.txt': Object.keys(data.root_group).sort().join(),
    stderr: '',
  }
}
