// args: --no-vu-connection-reuse --iterations 2
import http from 'k6/http'
export default function () {
  for (let i = 0; i < 2; i++) console.log(http.get(`${__ENV.BASE_URL}/get`).timings.connecting > 0)
}
