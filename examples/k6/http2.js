// HTTP/2 over TLS, negotiated by ALPN as browsers do. A check on the protocol keeps a test of HTTP/1.1 from passing for one.
import { check } from 'k6'
import http from 'k6/http'
import { time } from './lib.js'

const url = __ENV.BASE_URL || 'https://127.0.0.1:8443'

export const options = { vus: 4, duration: time(60), insecureSkipTLSVerify: true, thresholds: { checks: ['rate==1'] } }

export default function () {
  check(http.get(`${url}/`), {
    'status is 200': (r) => r.status === 200,
    'it is HTTP/2': (r) => r.proto === 'HTTP/2.0',
  })
}
