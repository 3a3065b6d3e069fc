// Redirects: followed, limited, off; methods and bodies afterwards; each hop is a request.
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
const path = (r) => [
  r.status,
  r.url.replace(base, ''),
  r.request.method,
  r.status < 300 && r.body ? r.json('method') : r.headers.Location,
]
export default function () {
  t('one', () => path(http.get(`${base}/redirect/1`)))
  t('ten', () => path(http.get(`${base}/redirect/10`)))
  t('eleven', () => path(http.get(`${base}/redirect/11`)))
  t('off', () => path(http.get(`${base}/redirect/2`, { redirects: 0 })))
  t('two', () => path(http.get(`${base}/redirect/3`, { redirects: 2 })))
  t('many', () => path(http.get(`${base}/redirect/12`, { redirects: 20 })))
  for (const status of [301, 302, 303, 307, 308, 300, 304, 305])
    t(`post ${status}`, () => path(http.post(`${base}/redirect-to?status=${status}&url=/anything`, 'body')))
  for (const status of [302, 307])
    t(`put ${status}`, () => path(http.put(`${base}/redirect-to?status=${status}&url=/anything`, 'body')))
  t('head', () => path(http.head(`${base}/redirect-to?url=/get`)))
  t('no location', () => path(http.get(`${base}/no-location`)))
  t('bad location', () => path(http.get(`${base}/redirect-to?url=${encodeURIComponent('http://[bad')}`)))
  t('refused', () => http.get(`${base}/redirect-to?url=http://127.0.0.1:1/x`).error_code)
  t('fragment', () => path(http.get(`${base}/redirect-to?url=${encodeURIComponent('/get#there')}`)))
  t('relative', () => path(http.get(`${base}/anything/../redirect-to?url=get`)))
}
