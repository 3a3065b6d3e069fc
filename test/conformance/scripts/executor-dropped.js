// All VUs busy: dropped iterations and one warning.
// ignore-counts
// same-log
import { sleep } from 'k6'
export const options = {
  scenarios: {
    a: {
      executor: 'constant-arrival-rate',
      rate: 20,
      duration: '1s',
      preAllocatedVUs: 1,
      maxVUs: 1,
      gracefulStop: '2s',
    },
  },
  thresholds: { dropped_iterations: ['count>=17', 'count<=20'], iterations: ['count<=2'] },
}
export default function () {
  sleep(1.2)
}
