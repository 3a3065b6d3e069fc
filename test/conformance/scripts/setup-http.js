// Requests and checks of setup and teardown count.
import http from 'k6/http'
import { check, group } from 'k6'
export const options = {
  thresholds: {
    'http_reqs{group:::setup}': ['count==1'],
    'http_reqs{group:::teardown}': ['count==1'],
    'checks{group:::setup}': ['rate==1'],
  },
}
export function setup() {
  check(http.get(`${__ENV.BASE_URL}/get`), { 'setup ok': (r) => r.status === 200 })
}
export default function () {
  group('g', () => check(http.get(`${__ENV.BASE_URL}/get`), { 'iter ok': (r) => r.status === 200 }))
}
export function teardown() {
  check(http.get(`${__ENV.BASE_URL}/get`), { 'teardown ok': (r) => r.status === 200 })
}
