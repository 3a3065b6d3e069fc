// What is the most that it can do, and how does it fail beyond? Steps of an arrival rate: requests come whether or not the ones
// before were answered (an open model), so that queues show.
import { browse, time } from './lib.js'

const steps = [50, 100, 150, 200, 300, 400]

export const options = {
  scenarios: {
    steps: {
      executor: 'ramping-arrival-rate',
      startRate: steps[0],
      timeUnit: '1s',
      preAllocatedVUs: 100,
      maxVUs: 500,
      stages: steps.flatMap((target) => [
        { duration: time(5), target },
        { duration: time(60), target },
      ]),
    },
  },
}

export default function () {
  browse()
}
