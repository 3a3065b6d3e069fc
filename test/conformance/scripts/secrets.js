// args: --secret-source=mock=default,cool=cool-secret,n=12345 --secret-source=mock=name=another,cool=not-cool-secret
// A secret can be used, and is never shown: not in console lines, not in errors.
import http from 'k6/http'
import secrets from 'k6/secrets'
import { check } from 'k6'

export async function setup() {
  return { token: await secrets.get('cool') }
}

export default async function (data) {
  const seen = async (label, ask) => {
    try {
      console.log(label, await ask())
    } catch (e) {
      console.log(label, 'rejected', String(e), typeof e, e instanceof Error, Object.keys(e).join())
    }
  }
  await seen('keys', () => Object.keys(secrets).sort().join())
  await seen('cool', () => secrets.get('cool'))
  await seen('equal', async () => (await secrets.get('cool')) === 'cool-secret')
  await seen('missing', () => secrets.get('nope'))
  await seen('no name', () => secrets.get())
  await seen('another', () => secrets.source('another').get('cool'))
  await seen('default', () => secrets.source('default').get('cool'))
  await seen('unknown', () => secrets.source('zzz').get('cool'))
  console.log('from setup', data.token, { deep: [data.token] })
  const res = http.get(`${__ENV.BASE_URL}/headers`, { headers: { 'X-Token': await secrets.get('n') } })
  check(res, { sent: (r) => r.status > 0 })
  console.error('err cool-secret')
  throw new Error('boom not-cool-secret')
}
