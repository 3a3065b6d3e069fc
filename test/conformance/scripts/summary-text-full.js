// args: --summary-mode full
// The text summary of a run whose numbers do not depend on time.
// stdout
// mask: \d+(\.\d+)?/s
// mask: \d+(\.\d+)?(µs|ms|ns|s)\b
// mask: \d+(\.\d+)? k?B +\d+(\.\d+)? k?B/s
// mask: [ .]{2,}:? ?
// mask: iteration_duration.*
import { check, group } from 'k6'
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
const [c, g, r, t] = [new Counter('my_counter'), new Gauge('my_gauge'), new Rate('my_rate'), new Trend('my_trend')]
export const options = { iterations: 4, thresholds: { my_trend: ['avg<1', 'p(90)<1000'], my_rate: ['rate>0.1'] } }
export default function () {
  c.add(3)
  g.add(__ITER)
  r.add(__ITER % 2)
  t.add(10 * __ITER)
  check(__ITER, { even: (i) => i % 2 === 0, always: true })
  group('one', () => group('two', () => check(1, { deep: true })))
}
