// Iterations that do not end are interrupted: no sample, no error line.
// ignore: vus, vus_max
import { sleep } from 'k6'
export const options = { scenarios: { c: { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '200ms' } } }
export default function () {
  try {
    sleep(10)
  } catch (e) {
    console.log('a script must not see this', e)
  }
}
