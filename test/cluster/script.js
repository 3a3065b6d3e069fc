import http from 'k6/http'
import { check } from 'k6'
import { Counter } from 'k6/metrics'

export const options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      duration: `${__ENV.SECONDS}s`,
      preAllocatedVUs: 80,
      maxVUs: 400,
      gracefulStop: '8s',
    },
  },
  thresholds: { checks: ['rate>0.5'] },
}

// The target answers with the address that it was asked from: what each agent was acknowledged is told apart by it.
const answered = new Counter('answered')

export default function () {
  const answer = http.get(`http://${__ENV.TARGET}/`, { timeout: '20s' })
  if (answer.status === 200) answered.add(1, { from: answer.body })
  check(answer, { ok: (one) => one.status === 200 })
}
