// Does it carry the expected traffic? Gradually up, held long enough for percentiles to settle, gradually down.
import { sleep } from 'k6'
import { browse, time } from './lib.js'

export const options = {
  stages: [
    { duration: time(120), target: 50 },
    { duration: time(600), target: 50 },
    { duration: time(60), target: 0 },
  ],
  thresholds: {
    http_req_duration: [{ threshold: 'p(95)<200', excludeFirst: time(120) }, 'p(99)<500'],
    http_req_failed: ['rate<0.001'],
  },
}

export default function () {
  browse()
  sleep(1 + Math.random() * 2)
}
