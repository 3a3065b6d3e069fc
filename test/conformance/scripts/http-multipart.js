// http.file and multipart bodies; the boundary is random.
// mask: [0-9a-f]{60}
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
const sent = (body) => {
  const r = http.post(`${base}/anything`, body)
  return [r.json('data'), r.json('headers.content-type')]
}
export default function () {
  t('file', () => sent({ f: http.file('content', 'a.txt', 'text/plain') }))
  t('defaults', () => {
    const f = http.file('x')
    return [f.data, f.filename.length > 5, f.content_type]
  })
  t('bytes', () => sent({ f: http.file(new Uint8Array([65, 66]).buffer, 'b.bin') }))
  t('with fields', () => sent({ f: http.file('c', 'c"q.txt', 'text/x') }))
  t('file object', () => Object.keys(http.file('d', 'n', 't')).sort())
  t('no data', () => http.file())
  t('number data', () => http.file(5, 'n').data)
}
