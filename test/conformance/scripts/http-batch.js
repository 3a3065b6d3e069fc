// batch: shapes of requests and of the answer, errors.
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
export default function () {
  t('urls', () => http.batch([`${base}/get`, `${base}/status/201`]).map((r) => r.status))
  t('arrays', () =>
    http
      .batch([
        ['GET', `${base}/get`],
        ['POST', `${base}/anything`, 'b', { tags: { x: 'y' } }],
      ])
      .map((r) => r.request.method),
  )
  t('objects', () =>
    http
      .batch([{ method: 'PUT', url: `${base}/anything`, body: { a: 1 } }, { url: `${base}/get` }])
      .map((r) => r.json('method')),
  )
  t('named', () => {
    const r = http.batch({ one: `${base}/get`, two: { method: 'GET', url: `${base}/status/202` } })
    return [Array.isArray(r), Object.keys(r).sort(), r.two.status]
  })
  t('many', () =>
    http.batch(Array.from({ length: 30 }, (_, i) => `${base}/product/${i}`)).every((r, i) => r.json('id') === i),
  )
  t('delete', () => http.batch([['DELETE', `${base}/anything`]])[0].json('method'))
  t('empty', () => http.batch([]))
  t('one fails', () => http.batch([`${base}/get`, 'http://127.0.0.1:1/']).map((r) => r.error_code))
  t('no url', () => http.batch([{ method: 'GET' }]))
  t('none', () => http.batch())
  t('text', () => http.batch('x'))
  t('bad item', () => http.batch([5]).length)
  t('bad url', () => http.batch(['ftp://x']).map((r) => r.error_code))
}
