// ignore: vus, vus_max
import http from 'k6/http'
export const options = { scenarios: { c: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } }
export default function () {
  http.get(`${__ENV.BASE_URL}/delay/3000`)
  console.log('never')
}
