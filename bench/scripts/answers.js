// One script for every type of test of `npm run bench -- answers`: SHAPE says the load, PATH what is asked for.
import http from 'k6/http'

const hold = (seconds, target) => [
  { duration: '0s', target },
  { duration: `${seconds}s`, target },
]
const open = { executor: 'ramping-arrival-rate', timeUnit: '1s', preAllocatedVUs: 1500, gracefulStop: '2s' }
const shapes = {
  ladder: {
    executor: 'ramping-vus',
    startVUs: 1,
    stages: [1, 2, 3, 4, 6, 8, 12, 16].flatMap((target) => hold(5, target)),
    gracefulStop: '0s',
  },
  'short-ladder': {
    executor: 'ramping-vus',
    startVUs: 1,
    stages: [1, 2, 3, 4, 5].flatMap((target) => hold(5, target)),
    gracefulStop: '0s',
  },
  ramp: { ...open, startRate: 20, stages: [{ duration: '40s', target: 400 }] },
  spike: { ...open, startRate: 50, stages: [...hold(12, 50), ...hold(4, 450), ...hold(20, 50)] },
  hold: { executor: 'constant-arrival-rate', rate: 100, duration: '40s', preAllocatedVUs: 50 },
}

export const options = { scenarios: { [__ENV.SHAPE]: shapes[__ENV.SHAPE] } }

export default function () {
  http.get(`http://127.0.0.1:${__ENV.PORT}${__ENV.TARGET}`)
}
