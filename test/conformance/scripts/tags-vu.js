// exec.vu.metrics.tags: on every sample afterwards, over groups and calls.
import http from 'k6/http'
import exec from 'k6/execution'
export const options = {
  iterations: 2,
  thresholds: {
    'http_reqs{who:me}': ['count==3'],
    'http_reqs{who:call}': ['count==2'],
    'iterations{who:me}': ['count==2'],
  },
}
export default function () {
  console.log(`${exec.vu.tags} ${exec.vu.metrics.metadata}`)
  http.get(`${__ENV.BASE_URL}/get`)
  exec.vu.metrics.tags.who = 'me'
  exec.vu.metrics.metadata.trace = 'abc'
  http.get(`${__ENV.BASE_URL}/get`)
  http.get(`${__ENV.BASE_URL}/get`, { tags: { who: 'call' } })
}
