// known-difference: async-request-errors
// asyncRequest: promises, order, Promise.all, failures.
import http from 'k6/http'
import { check } from 'k6'
export default async function () {
  const r = await http.asyncRequest('GET', `${__ENV.BASE_URL}/get`)
  check(r, { ok: (x) => x.status === 200 })
  const all = await Promise.all([1, 2, 3].map((i) => http.asyncRequest('POST', `${__ENV.BASE_URL}/anything`, { i })))
  console.log(all.map((x) => x.json('data')).join())
  const bad = await http.asyncRequest('GET', 'http://127.0.0.1:1/')
  console.log(bad.error_code)
  try {
    await http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { throw: true })
  } catch (e) {
    console.log('caught', String(e))
  }
  await http.asyncRequest('GET', 'ftp://x').then(
    (x) => console.log('then', x.error_code),
    (e) => console.log('rejected', String(e)),
  )
  console.log(http.asyncRequest('GET', `${__ENV.BASE_URL}/get`) instanceof Promise)
}
