import http from 'k6/http'
import exec from 'k6/execution'
export const options = {
  tags: { run: 'all', both: 'run' },
  scenarios: {
    a: {
      executor: 'shared-iterations',
      exec: 'go',
      env: { WHO: 'a', BASE_URL: __ENV.BASE_URL },
      tags: { s: 'one', both: 'scenario' },
    },
    b: { executor: 'shared-iterations', exec: 'go', env: { WHO: 'b' }, tags: { s: 'two' }, iterations: 2 },
  },
  thresholds: {
    'http_reqs{s:one}': ['count==1'],
    'http_reqs{s:two}': ['count==2'],
    'http_reqs{scenario:b}': ['count==2'],
    'http_reqs{run:all}': ['count==3'],
    'http_reqs{both:scenario}': ['count==1'],
    'http_reqs{both:run}': ['count==2'],
  },
}
export function go() {
  http.get(`${__ENV.BASE_URL}/get`)
  console.log(__ENV.WHO, exec.vu.tags.s, exec.vu.tags.both)
}
