// An open model with errors of several kinds: what a dashboard has to show.
import http from 'k6/http'
import { check } from 'k6'

export const options = {
  scenarios: {
    shop: { executor: 'constant-arrival-rate', rate: 40, timeUnit: '1s', duration: '12s', preAllocatedVUs: 5 },
    slow: {
      executor: 'constant-arrival-rate',
      rate: 10,
      timeUnit: '1s',
      duration: '12s',
      preAllocatedVUs: 1,
      maxVUs: 1,
      exec: 'slow',
    },
  },
  tags: { testid: __ENV.TESTID },
  thresholds: { http_req_duration: ['p(95)<5000'], checks: ['rate>0.1'] },
}

export default function () {
  check(http.get(`${__ENV.URL}/`), { 'is 200': (r) => r.status === 200 })
  if (__ITER % 5 === 0) http.get(`${__ENV.URL}/missing`)
  if (__ITER % 10 === 0) throw new Error('now and then')
}

export function slow() {
  http.get(`${__ENV.URL}/slow`)
}
