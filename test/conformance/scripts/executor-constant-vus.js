// ignore: vus, vus_max
// ignore-counts
import { sleep } from 'k6'
export const options = {
  scenarios: { c: { executor: 'constant-vus', vus: 2, duration: '1200ms', gracefulStop: '0s' } },
}
export default function () {
  sleep(0.1)
}
