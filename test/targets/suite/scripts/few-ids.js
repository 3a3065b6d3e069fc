// test-data-too-small: five customers out of a hundred thousand, again and again; healthy, any of them.
import { SharedArray } from 'k6/data'
import http from 'k6/http'
import { sleep } from 'k6'

const few = new SharedArray('customers', () => [17, 4711, 815, 90210, 42])
export const options = {
  scenarios: { customers: { executor: 'constant-vus', vus: 8, duration: `${__ENV.SECONDS}s`, gracefulStop: '2s' } },
}

export default function () {
  const id = __ENV.FEW === '1' ? few[Math.floor(Math.random() * few.length)] : 1 + Math.floor(Math.random() * 100000)
  http.get(`${__ENV.BASE_URL}${__ENV.ENDPOINT}?id=${id}`, { tags: { name: `GET ${__ENV.ENDPOINT}` } })
  sleep(0.03)
}
