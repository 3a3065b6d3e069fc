// throw, as a parameter and as an option.
// args: --throw
import http from 'k6/http'
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  t('refused', () => http.get('http://127.0.0.1:1/').status)
  t('timeout', () => http.get(`${__ENV.BASE_URL}/slow-head`, { timeout: 50 }).status)
  t('not thrown', () => http.get('http://127.0.0.1:1/', { throw: false }).status)
  t('status is no error', () => http.get(`${__ENV.BASE_URL}/status/500`).status)
  t('bad url', () => http.get('ftp://x').status)
  http.get('http://127.0.0.1:1/')
}
