// Does it survive a rush, and come back? The usual load, ten times as much within seconds, the usual load again.
import { browse, time } from './lib.js'

export const options = {
  scenarios: {
    rush: {
      executor: 'ramping-arrival-rate',
      startRate: 20,
      timeUnit: '1s',
      preAllocatedVUs: 50,
      maxVUs: 500,
      stages: [
        { duration: time(120), target: 20 },
        { duration: time(5), target: 200 },
        { duration: time(60), target: 200 },
        { duration: time(5), target: 20 },
        { duration: time(180), target: 20 },
      ],
    },
  },
}

export default function () {
  browse()
}
