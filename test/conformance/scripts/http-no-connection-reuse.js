// args: --no-connection-reuse
import http from 'k6/http'
export default function () {
  for (let i = 0; i < 3; i++) console.log(http.get(`${__ENV.BASE_URL}/get`).timings.connecting > 0)
}
