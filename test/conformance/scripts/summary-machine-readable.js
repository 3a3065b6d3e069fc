// k6: 2
// args: --new-machine-readable-summary
// stdout
import { check, group } from 'k6'
import { Trend } from 'k6/metrics'
const t = new Trend('tr')
export const options = { iterations: 2, thresholds: { tr: ['avg<1'] } }
export default function () {
  t.add(5)
  check(1, { ok: true })
  group('g', () => check(1, { inner: false }))
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
  return { stdout: `${JSON.stringify(shape(JSON.parse(JSON.stringify(data))), null, 1)}\n` }
}
