// CookieJar: the VU's, own ones, set with attributes, clear, delete.
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
  const jar = http.cookieJar()
  t('set', () => jar.set(base, 'a', '1'))
  t('sent', () => http.get(`${base}/cookies`).json('cookies'))
  t('for url', () => jar.cookiesForURL(base))
  t('attributes', () => jar.set(`${base}/deep`, 'd', '4', { path: '/cookies/deep', max_age: 60, http_only: true, domain: '127.0.0.1', expires: 'Wed, 09 Jun 2100 10:18:14 GMT' }))
  t('attributes sent', () => [http.get(`${base}/cookies`).json('cookies'), http.get(`${base}/cookies/deep`).json('cookies')])
  t('secure', () => { jar.set(base, 's', '1', { secure: true }); return jar.cookiesForURL(base) })
  t('bad expires', () => jar.set(base, 'x', '1', { expires: 'tomorrow' }))
  t('past expires', () => { jar.set(base, 'p', '1', { expires: 'Wed, 09 Jun 1999 10:18:14 GMT' }); return jar.cookiesForURL(base) })
  t('bad url', () => jar.set('::', 'a', '1'))
  t('delete', () => { jar.delete(base, 'a'); return jar.cookiesForURL(base) })
  t('clear', () => { jar.clear(base); return jar.cookiesForURL(base) })
  const own = new http.CookieJar()
  t('own', () => { own.set(base, 'own', 'yes'); return [http.get(`${base}/cookies`, { jar: own }).json('cookies'), http.get(`${base}/cookies`).json('cookies')] })
  t('own keeps', () => { http.get(`${base}/cookies/set?k=1`, { jar: own }); return own.cookiesForURL(base) })
  t('no jar', () => http.get(`${base}/cookies`, { jar: null }).json('cookies'))
  t('wrong jar', () => http.get(`${base}/cookies`, { jar: 'x' }).json('cookies'))
}
