// ignore-counts
// same-log
import { sleep } from 'k6'
export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate', rate: 10, duration: '1s', preAllocatedVUs: 1, maxVUs: 20 } },
  thresholds: { iterations: ['count>=5'] },
}
export default function () {
  sleep(0.6)
}
