import http from 'k6/http'
export default function () {
  console.log(
    http.get(`${__ENV.BASE_URL}/stream/5`).body.split('\n').length,
    http.get(`${__ENV.BASE_URL}/bytes/100000`).body.length,
  )
}
