import { Counter, Trend, Rate, Gauge } from 'k6/metrics'
import http from 'k6/http'
const c = new Counter('c')
const t = new Trend('t', true)
const r = new Rate('r')
const g = new Gauge('g')
const unused = new Trend('unused')
export const options = {
  iterations: 10,
  thresholds: {
    c: ['count>=10', 'count>10', 'rate>0'],
    t: ['p(95)<5', 'avg<=4.5', 'med==4.5', 'max===9', 'min!=0', 'p(99.9)<9'],
    r: ['rate>0.5', 'rate<=0.5'],
    g: ['value<5', { threshold: 'value>5', abortOnFail: false }],
    unused: ['p(95)<1', 'avg>0'],
    't{odd:yes}': ['max<9', 'max<10'],
    'http_reqs{status:200}': ['count==10'],
    'http_req_duration{status:404}': ['p(95)<1000'],
    http_req_failed: ['rate<0.01'],
  },
}
export default function () {
  c.add(1)
  t.add(__ITER, { odd: __ITER % 2 === 1 ? 'yes' : 'no' })
  r.add(__ITER % 2 === 0)
  g.add(__ITER)
  http.get(`${__ENV.BASE_URL}/get`)
}
