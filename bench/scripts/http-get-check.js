// The script that the benchmark runs unchanged on perfwright and on k6.
import http from 'k6/http'
import { check, sleep } from 'k6'

const pause = Number(__ENV.SLEEP || 0)

export default function () {
  const res = http.get(__ENV.URL)
  check(res, { 'status is 200': (r) => r.status === 200 })
  if (pause > 0) sleep(pause)
}
