// ignore: vus, vus_max
// ignore-counts
import { sleep } from 'k6'
export const options = {
  scenarios: {
    r: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [
        { duration: '600ms', target: 4 },
        { duration: '600ms', target: 0 },
      ],
      gracefulRampDown: '0s',
    },
  },
}
export default function () {
  sleep(0.05)
}
