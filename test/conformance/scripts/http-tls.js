// needs-tls
// args: --insecure-skip-tls-verify
import http from 'k6/http'
export default function () {
  const r = http.get(`${__ENV.TLS_URL}/get`)
  console.log(
    r.status,
    r.error_code,
    r.proto,
    r.tls_version,
    r.tls_cipher_suite,
    r.timings.tls_handshaking > 0,
    JSON.stringify(r.ocsp),
  )
  console.log(http.get(`${__ENV.TLS_URL}/get`).timings.tls_handshaking)
}
