// What the init context forbids.
import { check, group, sleep } from 'k6'
import http from 'k6/http'
import exec from 'k6/execution'
for (const [name, fn] of Object.entries({
  check: () => check(1, {}),
  group: () => group('a', () => 1),
  http: () => http.get('http://127.0.0.1/'),
  batch: () => http.batch([]),
  jar: () => http.cookieJar(),
  scenario: () => exec.scenario.name,
}))
  try {
    const type = typeof fn()
    if (__VU === 1) console.log(name, type)
  } catch (e) {
    if (__VU === 1) console.log(name, String(e))
  }
export default function () {}
