// Error codes and texts: refused, timeout, reset, short body, garbage, bad URLs.
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
const seen = (r) => [r.status, r.error_code, r.error, r.body, r.url.replace(base, ''), r.proto]
export default function () {
  t('refused', () => seen(http.get('http://127.0.0.1:1/')))
  t('closed', () => seen(http.get(`${base}/close`)))
  t('reset', () => seen(http.get(`${base}/reset`)))
  t('short', () => seen(http.get(`${base}/short-body`)))
  t('garbage', () => seen(http.get(`${base}/garbage`)))
  t('timeout', () => seen(http.get(`${base}/slow-head`, { timeout: 50 })))
  t('timeout text', () => seen(http.get(`${base}/slow-head`, { timeout: '60ms' })))
  t('timeout body', () => seen(http.get(`${base}/slow-body`, { timeout: 100 })))
  t('tls to plain', () => seen(http.get(base.replace('http:', 'https:'))))
  t('404', () => seen(http.get(`${base}/status/404`)))
  t('500', () => seen(http.get(`${base}/status/500`)))
  t('scheme', () => seen(http.get('ftp://127.0.0.1/')))
  t('no scheme', () => seen(http.get('127.0.0.1/')))
  t('no host', () => seen(http.get('http:///x')))
  t('bad escape', () => seen(http.get('http://127.0.0.1/%zz')))
  t('bad port', () => seen(http.get('http://127.0.0.1:port/')))
  t('empty', () => seen(http.get('')))
  t('space', () => seen(http.get('http://127.0.0.1 /')))
  t('bad header', () => seen(http.get(base, { headers: { 'a b': 'c' } })))
  t('header line', () => seen(http.get(base, { headers: { a: 'x\r\ny' } })))
}
