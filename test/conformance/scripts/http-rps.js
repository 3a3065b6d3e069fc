// ignore: vus, vus_max
// args: --rps 20 --iterations 8
import http from 'k6/http'
import exec from 'k6/execution'
let first
export default function () {
  http.get(`${__ENV.BASE_URL}/get`)
  first = first ?? Date.now()
  if (exec.vu.iterationInInstance === 7) console.log('paced', Date.now() - first >= 300)
}
