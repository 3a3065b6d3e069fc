// Does it work at all? One user; every check has to hold.
import { sleep } from 'k6'
import { browse, time } from './lib.js'

export const options = {
  vus: 1,
  duration: time(60),
  thresholds: { checks: ['rate==1'], http_req_duration: ['p(95)<500'] },
}

export default function () {
  browse()
  sleep(1)
}
