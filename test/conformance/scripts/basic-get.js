import http from 'k6/http'
import { check, sleep } from 'k6'

export const options = {
  vus: 2,
  iterations: 6,
  thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'], checks: ['rate==1'] },
}

export default function () {
  const res = http.get(`${__ENV.BASE_URL}/products`)
  check(res, {
    'status is 200': (r) => r.status === 200,
    'has two': (r) => r.json().length === 2,
  })
  sleep(0.01)
}
