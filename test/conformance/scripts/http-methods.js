// Every method, its body and the headers that k6 adds by itself.
import http from 'k6/http'
const base = __ENV.BASE_URL
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
const seen = (r) => [
  r.status,
  r.request.method,
  r.json('method'),
  r.json('data'),
  r.json('headers.content-type'),
  r.json('headers.content-length'),
]
export default function () {
  t('get', () => seen(http.get(`${base}/anything`)))
  t('get body ignored', () => seen(http.request('GET', `${base}/anything`, 'body')))
  t('post', () => seen(http.post(`${base}/anything`, 'text')))
  t('post none', () => seen(http.post(`${base}/anything`)))
  t('post empty', () => seen(http.post(`${base}/anything`, '')))
  t('post null', () => seen(http.post(`${base}/anything`, null)))
  t('put', () => seen(http.put(`${base}/anything`, '{"a":1}', { headers: { 'Content-Type': 'application/json' } })))
  t('patch', () => seen(http.patch(`${base}/anything`, { a: 1 })))
  t('del', () => seen(http.del(`${base}/anything`)))
  t('del body', () => seen(http.del(`${base}/anything`, 'gone')))
  t('options', () => seen(http.options(`${base}/anything`)))
  t('head', () => {
    const r = http.head(`${base}/anything`)
    return [r.status, r.body, r.request.method]
  })
  t('request lower case', () => seen(http.request('post', `${base}/anything`, 'x')))
  t('request odd method', () => seen(http.request('PURGE', `${base}/anything`)))
  t('number url', () => http.get(5).status)
  t('no url', () => http.get().status)
}
