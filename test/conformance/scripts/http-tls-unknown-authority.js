// needs-tls
// ignore-log: Request Failed
import http from 'k6/http'
export default function () {
  const r = http.get(`${__ENV.TLS_URL}/get`)
  console.log(r.status, r.error_code)
}
