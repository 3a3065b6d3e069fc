// needs-tls
import http from 'k6/http'
export const options = {
  insecureSkipTLSVerify: true,
  tlsVersion: { min: http.TLS_1_2, max: http.TLS_1_2 },
  hosts: { 'shop.test': '127.0.0.1' },
}
export default function () {
  const r = http.get(`${__ENV.TLS_URL}/get`)
  console.log(r.status, r.tls_version, http.TLS_1_3, http.OCSP_STATUS_GOOD)
  console.log(http.get(`${__ENV.TLS_URL.replace('127.0.0.1', 'shop.test')}/get`).status)
}
