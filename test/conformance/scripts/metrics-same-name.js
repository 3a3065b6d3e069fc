import { Counter, Trend } from 'k6/metrics'
import http from 'k6/http'
const c = new Counter('http_reqs')
export default function () {
  c.add(5)
  http.get(`${__ENV.BASE_URL}/get`)
}
