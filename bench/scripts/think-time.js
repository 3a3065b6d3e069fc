// Many VUs that mostly think: how late the generator lets one go on when its second is over.
import http from 'k6/http'
import { sleep } from 'k6'
import { Trend } from 'k6/metrics'

const vus = Number(__ENV.VUS)
const ramp = __ENV.RAMP ?? '10s'
const lag = new Trend('scheduling_lag', true)

export const options = {
  scenarios: {
    ramp: {
      executor: 'ramping-vus',
      startVUs: 0,
      stages: [
        { duration: ramp, target: vus },
        { duration: __ENV.HOLD ?? '20s', target: vus },
      ],
      gracefulStop: '5s',
    },
  },
}

export default function () {
  http.get(__ENV.URL)
  const beganMs = Date.now()
  sleep(1)
  lag.add(Date.now() - beganMs - 1000)
}
