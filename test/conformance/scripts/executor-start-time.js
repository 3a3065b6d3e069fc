// Two scenarios, one after the other; VU ids and shared VUs.
// ordered
import exec from 'k6/execution'
export const options = {
  scenarios: {
    first: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'one' },
    second: { executor: 'per-vu-iterations', vus: 1, iterations: 2, startTime: '300ms', exec: 'two' },
  },
}
let n = 0
export function one() {
  console.log('one', ++n, exec.vu.iterationInInstance, exec.vu.iterationInScenario)
}
export function two() {
  console.log('two', exec.scenario.name, exec.vu.iterationInScenario)
}
