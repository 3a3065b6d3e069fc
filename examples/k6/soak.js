// Does it stay as it is for hours? The usual load, held; perfwright tests memory, descriptors, connections and latency for growth.
import { sleep } from 'k6'
import { browse, time } from './lib.js'

export const options = {
  stages: [
    { duration: time(300), target: 30 },
    { duration: time(4 * 3600), target: 30 },
    { duration: time(60), target: 0 },
  ],
  thresholds: { http_req_failed: ['rate<0.001'] },
}

export default function () {
  browse()
  sleep(1 + Math.random() * 2)
}
