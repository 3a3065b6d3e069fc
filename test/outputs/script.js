import http from 'k6/http'
import { check, group, sleep } from 'k6'
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'

const counter = new Counter('my_counter')
const gauge = new Gauge('my_gauge')
const rate = new Rate('my_rate')
const trend = new Trend('my_trend')
const time = new Trend('my_time', true)

export const options = {
  vus: 2,
  iterations: 20,
  tags: { testid: __ENV.TESTID },
  thresholds: { http_req_duration: ['p(95)<5000'], checks: ['rate>0.1'] },
}

export default function () {
  const res = http.get(`${__ENV.URL}/`, { tags: { kind: 'home page', empty: '' } })
  check(res, { 'is 200': (r) => r.status === 200, 'never, "quoted"': () => false })
  group('a group', () => http.get(`${__ENV.URL}/missing`))
  counter.add(2, { a: 'b' })
  gauge.add(__ITER)
  rate.add(__ITER % 2)
  trend.add(__ITER + 0.5)
  trend.add(0)
  trend.add(-3)
  time.add(12)
  sleep(0.3)
}
