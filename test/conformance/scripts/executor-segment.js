// args: --execution-segment 0:1/3 --execution-segment-sequence 0,1/3,2/3,1
import exec from 'k6/execution'
export const options = {
  scenarios: {
    p: { executor: 'per-vu-iterations', vus: 7, iterations: 2 },
    s: { executor: 'shared-iterations', vus: 4, iterations: 10 },
  },
}
export default function () {
  if (exec.scenario.name === 'p')
    console.log(exec.vu.idInInstance > 0, exec.scenario.iterationInTest, exec.scenario.iterationInInstance)
}
