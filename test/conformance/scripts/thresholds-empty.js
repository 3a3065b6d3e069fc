// Thresholds on metrics without samples, and lists without entries.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
new Counter('nc')
new Gauge('ng')
new Rate('nr')
new Trend('nt')
export const options = {
  thresholds: {
    nc: ['count==0'],
    ng: ['value==0'],
    nr: ['rate>0.5'],
    nt: ['avg==0', 'p(95)<1'],
    http_reqs: [],
    'http_req_duration{x:y}': ['p(95)<1'],
    checks: ['rate>0.9'],
  },
}
export default function () {}
