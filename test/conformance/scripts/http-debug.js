// ignore-log: User-Agent|Date:
// args: --http-debug
import http from 'k6/http'
export default function () {
  http.get(`${__ENV.BASE_URL}/get`)
}
