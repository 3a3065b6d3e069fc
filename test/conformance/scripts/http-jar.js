// CookieJar: the VU's, own ones, set with attributes, clear, delete.
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
export default function () {
  const jar = http.cookieJar()
  t('set', () => jar.set(base, 'a', '1'))
  t('sent', () => all(http.get(`${base}/cookies`)))
  t('for url', () => Object.entries(jar.cookiesForURL(base)).sort())
  t('attributes', () =>
    jar.set(`${base}/deep`, 'd', '4', {
      path: '/cookies/deep',
      max_age: 60,
      http_only: true,
      domain: '127.0.0.1',
      expires: 'Wed, 09 Jun 2100 10:18:14 GMT',
    }),
  )
  t('attributes sent', () => [all(http.get(`${base}/cookies`)), all(http.get(`${base}/cookies/deep`))])
  t('secure', () => {
    jar.set(base, 's', '1', { secure: true })
    return Object.entries(jar.cookiesForURL(base)).sort()
  })
  t('bad expires', () => jar.set(base, 'x', '1', { expires: 'tomorrow' }))
  t('past expires', () => {
    jar.set(base, 'p', '1', { expires: 'Wed, 09 Jun 1999 10:18:14 GMT' })
    return Object.entries(jar.cookiesForURL(base)).sort()
  })
  t('bad url', () => jar.set('::', 'a', '1'))
  t('delete', () => {
    jar.delete(base, 'a')
    return Object.entries(jar.cookiesForURL(base)).sort()
  })
  t('clear', () => {
    jar.clear(base)
    return Object.entries(jar.cookiesForURL(base)).sort()
  })
  const own = new http.CookieJar()
  t('own', () => {
    own.set(base, 'own', 'yes')
    return [all(http.get(`${base}/cookies`, { jar: own })), all(http.get(`${base}/cookies`))]
  })
  t('own keeps', () => {
    http.get(`${base}/cookies/set?k=1`, { jar: own })
    return Object.entries(own.cookiesForURL(base)).sort()
  })
  t('no jar', () => all(http.get(`${base}/cookies`, { jar: null })))
  t('wrong jar', () => all(http.get(`${base}/cookies`, { jar: 'x' })))
}
