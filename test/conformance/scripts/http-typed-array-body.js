// A typed array as a body, whole and as a part of its buffer.
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
  t('buffer', () => http.post(`${base}/anything`, new Uint8Array([72, 105]).buffer).json('data'))
  t('empty buffer', () => http.post(`${base}/anything`, new ArrayBuffer(0)).json('data'))
}
