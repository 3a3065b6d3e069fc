// args: --max-redirects 0
import http from 'k6/http'
export default function () {
  console.log(http.get(`${__ENV.BASE_URL}/redirect/1`).status)
}
