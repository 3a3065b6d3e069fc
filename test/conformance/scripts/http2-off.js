// needs-tls
// env: GODEBUG=http2client=0
import http from 'k6/http'

export const options = { insecureSkipTLSVerify: true }

export default function () {
  console.log(http.get(`${__ENV.TLS_URL}/get`).proto)
}
