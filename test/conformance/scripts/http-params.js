// Parameters of a request: headers, tags, name, host, wrong types.
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
export const options = {
  thresholds: {
    'http_reqs{kind:a}': ['count==1'],
    'http_reqs{name:named}': ['count==1'],
    'http_reqs{n:5}': ['count==1'],
  },
}
export default function () {
  t('headers', () =>
    http.get(`${base}/anything`, { headers: { 'X-One': '1', 'x-two': 2, 'X-Bool': true } }).json('headers.x-two'),
  )
  t('user agent', () => http.get(`${base}/anything`, { headers: { 'User-Agent': 'mine' } }).json('headers.user-agent'))
  t(
    'request headers',
    () => http.get(`${base}/anything`, { headers: { 'x-low': 'v', 'User-Agent': 'u' } }).request.headers,
  )
  t('tags', () => http.get(`${base}/get`, { tags: { kind: 'a' } }).status)
  t('name', () => http.get(`${base}/get?x=${Math.random()}`, { tags: { name: 'named' } }).status)
  t('number tag', () => http.get(`${base}/get`, { tags: { n: 5 } }).status)
  t('null params', () => http.get(`${base}/get`, null).status)
  t('unknown param', () => http.get(`${base}/get`, { nothing: 1 }).status)
  t('bad tag', () => http.get(`${base}/get`, { tags: { n: {} } }).status)
  t('tags no object', () => http.get(`${base}/get`, { tags: 'x' }).status)
  t('headers no object', () => http.get(`${base}/get`, { headers: 'x' }).status)
  t('bad timeout', () => http.get(`${base}/get`, { timeout: 'soon' }).status)
  t('bad responseType', () => http.get(`${base}/get`, { responseType: 'odd' }).status)
  t('bad auth', () => http.get(`${base}/get`, { auth: 'odd' }).status)
  t('bad compression', () => http.post(`${base}/anything`, 'x', { compression: 'odd' }).status)
  t('bad redirects', () => http.get(`${base}/get`, { redirects: 'x' }).status)
  t('null header', () => http.get(`${base}/anything`, { headers: { a: null } }).json('headers.a'))
}
