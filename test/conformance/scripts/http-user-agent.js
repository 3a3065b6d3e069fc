// args: --user-agent tester/1
import http from 'k6/http'
export default function () {
  console.log(http.get(`${__ENV.BASE_URL}/anything`).json('headers.user-agent'))
  console.log(http.get(`${__ENV.BASE_URL}/anything`, { headers: { 'user-agent': 'own' } }).json('headers.user-agent'))
}
