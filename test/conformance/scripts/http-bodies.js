// Bodies: text, bytes, urlencoded forms with odd values, unicode.
// k6: 2
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
const sent = (body, params) => {
  const r = http.post(`${base}/anything`, body, params)
  return [r.status, r.json('data'), r.json('headers.content-type'), r.request.body]
}
export default function () {
  t('string', () => sent('plain'))
  t('unicode', () => sent('ž✓'))
  t('bytes', () => sent(new Uint8Array([65, 66, 67]).buffer))
  t('form', () => sent({ b: 'x y', a: 1, 'k&': 'v=+', c: true }))
  t('form sorted', () => sent({ z: 1, A: 2, m: 3 }))
  t('form array', () => sent({ a: [1, 'two', true] }))
  t('form empty', () => sent({}))
  t('form null', () => sent({ a: null, b: undefined }))
  t('form nested', () => sent({ a: { x: 1 } }))
  t('form number', () => sent({ f: 1.5, big: 12345678901, neg: -3, exp: 1e21 }))
  t('form own type', () => sent({ a: 1 }, { headers: { 'Content-Type': 'text/odd' } }))
  t('json', () => sent(JSON.stringify({ a: [1] }), { headers: { 'content-type': 'application/json' } }))
  t('number', () => sent(5))
  t('true', () => sent(true))
  t('array', () => sent([1, 2]))
  t('length given', () => sent('abc', { headers: { 'Content-Length': '3' } }))
}
