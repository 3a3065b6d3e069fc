// needs-tls
import http from 'k6/http'
import { check } from 'k6'

export const options = {
  insecureSkipTLSVerify: true,
  thresholds: { 'http_reqs{proto:HTTP/2.0}': ['count>10'], 'http_reqs{proto:HTTP/1.1}': ['count==0'] },
}
const base = __ENV.H2_URL

export default function () {
  const first = http.get(`${base}/get?a=1`, { headers: { 'X-One': 'two' } })
  console.log(first.status, first.status_text, first.proto, first.tls_version, first.json('args') !== undefined)
  console.log(Object.keys(first.headers).sort().join())
  check(first, {
    'connects once': (r) => r.timings.connecting > 0 && r.timings.tls_handshaking > 0,
    'is HTTP/2': (r) => r.proto === 'HTTP/2.0',
  })
  const again = http.get(`${base}/get`)
  check(again, { 'reuses the connection': (r) => r.timings.connecting === 0 && r.timings.tls_handshaking === 0 })
  const posted = http.post(`${base}/post`, 'x'.repeat(200000), { headers: { 'Content-Type': 'text/plain' } })
  console.log(posted.status, posted.body.length > 200000)
  for (const status of [201, 204, 304, 404, 413, 418, 500, 599]) {
    const r = http.get(`${base}/status/${status}`)
    console.log(r.status, r.status_text, r.error_code, r.error)
  }
  const redirected = http.get(`${base}/redirect/3`)
  console.log(redirected.url.replace(base, ''), redirected.status, redirected.proto)
  const headless = http.head(`${base}/get`)
  console.log(headless.status, headless.body)
  const answers = http.batch([`${base}/get?b=1`, ['POST', `${base}/post`, { a: '1' }], `${base}/status/503`])
  console.log(answers.map((r) => `${r.status} ${r.proto}`).join())
  const empty = http.request('DELETE', `${base}/delete`, '')
  console.log(empty.status)
}
