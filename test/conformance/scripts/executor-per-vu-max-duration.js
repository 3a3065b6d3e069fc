// ignore-counts
// same-log
import { sleep } from 'k6'
export const options = {
  scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 100, maxDuration: '1s' } },
  thresholds: { dropped_iterations: ['count>100', 'count<200'] },
}
export default function () {
  sleep(0.05)
}
