// The rest of the iterations is dropped in one sample.
// ignore-counts
// same-log
import { sleep } from 'k6'
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 2, iterations: 1000, maxDuration: '1s', gracefulStop: '1s' } },
  thresholds: { dropped_iterations: ['count>900', 'count<1000'] },
}
export default function () {
  sleep(0.05)
}
