// Responses decoded by Content-Encoding; requests compressed on demand.
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
  for (const kind of ['gzip', 'deflate', 'brotli'])
    t(kind, () => {
      const r = http.get(`${base}/${kind}`)
      return [r.status, r.json('encoded'), r.body.length, r.headers['Content-Encoding']]
    })
  t('none type', () => http.get(`${base}/gzip`, { responseType: 'none' }).body)
  t('binary', () => http.get(`${base}/gzip`, { responseType: 'binary' }).body.byteLength)
  t('unknown', () => {
    const r = http.get(`${base}/unknown-encoding`)
    return [r.status, r.body]
  })
  t('bad gzip', () => {
    const r = http.get(`${base}/bad-gzip`)
    return [r.status, r.body, r.error, r.error_code]
  })
  for (const kind of ['gzip', 'deflate', 'gzip, deflate'])
    t(`request ${kind}`, () => {
      const r = http.post(`${base}/anything`, 'x'.repeat(100), { compression: kind })
      return [r.json('headers.content-encoding'), r.request.body.length]
    })
  t('request own encoding', () =>
    http
      .post(`${base}/anything`, 'x', { compression: 'gzip', headers: { 'Content-Encoding': 'br' } })
      .json('headers.content-encoding'),
  )
  t('request none', () => http.post(`${base}/anything`, 'x', { compression: '' }).json('headers.content-encoding'))
}
