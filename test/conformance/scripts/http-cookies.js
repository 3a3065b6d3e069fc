// Cookies: set by servers, by params and by the jar; attributes; isolation between iterations.
import http from 'k6/http'
const base = __ENV.BASE_URL
const all = (r) => Object.fromEntries(Object.entries(r.json('cookies')).sort())
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
  t('empty', () => all(http.get(`${base}/cookies`)))
  t('set', () => all(http.get(`${base}/cookies/set?a=1&b=two`)))
  t('kept', () => all(http.get(`${base}/cookies`)))
  t('params', () => all(http.get(`${base}/cookies`, { cookies: { c: '3' } })))
  t('not kept', () => all(http.get(`${base}/cookies`)))
  t('replace', () => all(http.get(`${base}/cookies`, { cookies: { a: { value: 'new', replace: true } } })))
  t('no replace', () =>
    Object.entries(http.get(`${base}/cookies`, { cookies: { a: { value: 'x' } } }).request.cookies).sort(),
  )
  t('request cookies', () =>
    Object.entries(
      http.get(`${base}/cookies`, { cookies: { a: { value: 'x', replace: true } } }).request.cookies,
    ).sort(),
  )
  t('attributes', () => {
    const r = http.get(`${base}/cookie-attributes`)
    return Object.keys(r.cookies)
      .sort()
      .map((k) => r.cookies[k])
  })
  t('after', () => all(http.get(`${base}/cookies`)))
  t('deep', () => all(http.get(`${base}/cookies/deep`)))
  t('header', () => all(http.get(`${base}/cookies`, { headers: { Cookie: 'h=1' } })))
  t('set by redirect', () => http.get(`${base}/cookies/set?z=9`, { redirects: 0 }).cookies.z)
}
