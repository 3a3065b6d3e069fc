// A constant arrival rate with VUs to spare: RATE requests a second for DURATION.
import http from 'k6/http'

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(99)', 'p(99.9)', 'count'],
  scenarios: {
    open: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      duration: __ENV.DURATION,
      preAllocatedVUs: Number(__ENV.VUS || 500),
      maxVUs: Number(__ENV.VUS || 500),
    },
  },
}

export default function () {
  http.get(__ENV.URL)
}
