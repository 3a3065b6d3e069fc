// Cookies: set by servers, by params and by the jar; attributes; isolation between iterations.
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
export const options = { iterations: 2 }
export default function () {
  t('empty', () => http.get(`${base}/cookies`).json('cookies'))
  t('set', () => http.get(`${base}/cookies/set?a=1&b=two`).json('cookies'))
  t('kept', () => http.get(`${base}/cookies`).json('cookies'))
  t('params', () => http.get(`${base}/cookies`, { cookies: { c: '3' } }).json('cookies'))
  t('not kept', () => http.get(`${base}/cookies`).json('cookies'))
  t('replace', () => http.get(`${base}/cookies`, { cookies: { a: { value: 'new', replace: true } } }).json('cookies'))
  t('no replace', () => http.get(`${base}/cookies`, { cookies: { a: { value: 'x' } } }).request.cookies)
  t('request cookies', () => http.get(`${base}/cookies`, { cookies: { a: { value: 'x', replace: true } } }).request.cookies)
  t('attributes', () => { const r = http.get(`${base}/cookie-attributes`); return Object.keys(r.cookies).sort().map((k) => r.cookies[k]) })
  t('after', () => http.get(`${base}/cookies`).json('cookies'))
  t('deep', () => http.get(`${base}/cookies/deep`).json('cookies'))
  t('header', () => http.get(`${base}/cookies`, { headers: { Cookie: 'h=1' } }).json('cookies'))
  t('set by redirect', () => http.get(`${base}/cookies/set?z=9`, { redirects: 0 }).cookies.z)
}
