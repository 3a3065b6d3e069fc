// http.url: the name tag keeps the template.
import http from 'k6/http'
export const options = { thresholds: { 'http_reqs{name:u/${}/x}': [], 'http_reqs{name:other}': ['count==1'] } }
export default function () {
  const u = http.url`${__ENV.BASE_URL}/product/${1}?a=${'b'}`
  console.log(u.name, u.url.replace(__ENV.BASE_URL, ''))
  const r = http.get(u)
  console.log(r.json('id'), r.url.replace(__ENV.BASE_URL, ''))
  console.log(http.get(http.url`${__ENV.BASE_URL}/get`, { tags: { name: 'other' } }).status)
  console.log(http.batch([http.url`${__ENV.BASE_URL}/get`])[0].status)
}
