// The load of a pair, as the manifest describes it (LOAD, JSON). {1-100} in a path is a whole number drawn anew each time.
import { check, sleep } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'

const load = JSON.parse(__ENV.LOAD)
export const options = { scenarios: load.scenarios, hosts: load.hosts || {} }

export default function () {
  const journey = load.journeys[exec.scenario.name]
  for (const request of journey.requests) {
    const path = request.path.replace(/\{(\d+)-(\d+)\}/g, (_, low, high) => between(Number(low), Number(high)))
    const method = request.method || 'GET'
    const url = (request.base || __ENV.BASE_URL) + path
    const response = http.request(method, url, null, { tags: { name: `${method} ${path.split('?')[0]}` } })
    check(response, { 'status is 200': (r) => r.status === 200 })
  }
  if (journey.pauseMs > 0) sleep(journey.pauseMs / 1000)
}

function between(low, high) {
  return low + Math.floor(Math.random() * (high - low + 1))
}
