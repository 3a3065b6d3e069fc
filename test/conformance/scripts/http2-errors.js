// needs-tls
// ignore: http_req_duration, data_sent, data_received
// mask: stream ID \d+|LastStreamID=\d+|127\.0\.0\.1:\d+
import http from 'k6/http'

export const options = { insecureSkipTLSVerify: true }
const base = __ENV.H2_URL

export default function () {
  for (const path of ['h2-reset/2', 'h2-reset/8', 'h2-reset/99', 'h2-goaway/11', 'h2-goaway/0', 'delay/2']) {
    const r = http.get(`${base}/${path}`, { timeout: '900ms' })
    console.log(path, r.status, r.error_code, r.error, r.proto)
  }
  for (const headers of [{ Upgrade: 'x' }, { Connection: 'x' }, { TE: 'trailers' }]) {
    const r = http.get(`${base}/status/200`, { headers })
    console.log(JSON.stringify(headers), r.status, r.error_code, r.error)
  }
}
