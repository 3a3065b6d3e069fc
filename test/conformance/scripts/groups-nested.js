// Groups within groups, checks in each, tags, a group that throws, values.
import { check, group } from 'k6'
import http from 'k6/http'
export const options = {
  thresholds: {
    'checks{group:::outer::inner}': ['rate==1'],
    'group_duration{group:::outer}': ['avg>=0'],
    'http_reqs{group:::outer::inner}': ['count==2'],
    'checks{check:top}': ['rate==1'],
    'checks{custom:yes}': ['rate==0'],
  },
  iterations: 2,
}
export default function () {
  check(1, { top: true })
  const value = group('outer', () => {
    check(1, { mid: (v) => v === 1 })
    const x = group('inner', () => {
      http.get(`${__ENV.BASE_URL}/get`)
      return check(2, { deep: (v) => v === 2, 'deep fails': false })
    })
    group('inner', () => {})
    return x
  })
  console.log(value)
  group('empty', () => {})
  group('', () => check(1, { 'in unnamed': true }))
  check(null, { custom: false }, { custom: 'yes' })
  try {
    group('throws', () => {
      check(1, { before: true })
      throw new Error('out')
    })
  } catch (e) {
    console.log(e.message)
  }
  check(1, { 'after throw': true })
}
