// Basic and digest credentials in the URL; the challenge is a request of its own.
import http from 'k6/http'
const base = __ENV.BASE_URL
const as = (user, password) => base.replace('http://', `http://${user}:${password}@`)
const t = (name, fn) => {
  try {
    const value = fn()
    console.log(name, value === undefined ? 'undefined' : JSON.stringify(value))
  } catch (e) {
    console.log(name, 'THROW', String(e))
  }
}
export default function () {
  t('basic', () => http.get(`${as('ann', 'secret')}/basic-auth/ann/secret`, { auth: 'basic' }).status)
  t('implicit basic', () => http.get(`${as('ann', 'secret')}/basic-auth/ann/secret`).status)
  t('basic wrong', () => http.get(`${as('ann', 'no')}/basic-auth/ann/secret`).status)
  t('none', () => http.get(`${base}/basic-auth/ann/secret`).status)
  t('escaped', () => http.get(`${as('a%40b', 'p%3Aq')}/anything`).json('headers.authorization'))
  t('digest', () => {
    const r = http.get(`${as('ann', 'secret')}/digest-auth/ann/secret`, { auth: 'digest' })
    return [r.status, r.json('user')]
  })
  t('digest wrong', () => http.get(`${as('ann', 'no')}/digest-auth/ann/secret`, { auth: 'digest' }).status)
  t('digest post', () => http.post(`${as('ann', 'secret')}/digest-auth/ann/secret`, 'body', { auth: 'digest' }).status)
  t('digest no challenge', () => http.get(`${as('ann', 'secret')}/get`, { auth: 'digest' }).status)
  t('url shown', () => http.get(`${as('ann', 'secret')}/get`).url.replace(/:\d+\//, ':PORT/'))
  t(
    'header',
    () => http.get(`${base}/basic-auth/ann/secret`, { headers: { Authorization: 'Basic YW5uOnNlY3JldA==' } }).status,
  )
}
