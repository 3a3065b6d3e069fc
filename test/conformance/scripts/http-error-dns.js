// A host that does not exist: the code, not the resolver's words.
// ignore-log: Request Failed
import http from 'k6/http'
export default function () {
  const r = http.get('http://does-not-exist.invalid/')
  console.log(r.status, r.error_code)
}
