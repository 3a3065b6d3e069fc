import http from 'k6/http'
import { sleep } from 'k6'

export const options = { vus: 3, duration: '24s' }

export default function () {
  http.get(__ENV.TARGET)
  sleep(0.2)
}
