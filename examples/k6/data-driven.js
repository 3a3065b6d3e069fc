// Every VU is a user of its own, out of a CSV that is read once and shared.
import { check, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import http from 'k6/http'
import { baseUrl, browse, time } from './lib.js'

const users = new SharedArray('users', () => {
  const [head, ...lines] = open('./users.csv').trim().split('\n')
  const names = head.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i], value])))
})

export const options = { vus: 4, duration: time(60), thresholds: { checks: ['rate>0.99'] } }

export default function () {
  const user = users[(exec.vu.idInTest - 1) % users.length]
  const response = http.post(`${baseUrl}/login`, JSON.stringify(user), {
    headers: { 'content-type': 'application/json' },
    tags: { name: 'POST /login' },
  })
  check(response, { 'login: status is 200': (r) => r.status === 200 })
  browse()
  sleep(1)
}
