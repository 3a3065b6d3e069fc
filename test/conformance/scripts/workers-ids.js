// Numbers of VUs over several load threads, within a segment and in the whole test.
// args: --execution-segment 1/4:1/2
// env: PW_WORKERS=3
import exec from 'k6/execution'
import { sleep } from 'k6'
export const options = {
  scenarios: { each: { executor: 'per-vu-iterations', vus: 24, iterations: 1 } },
}
export function setup() {
  return exec.instance.vusInitialized
}
export default function (initialized) {
  console.log(__VU, exec.vu.idInInstance, exec.vu.idInTest, initialized, exec.vu.iterationInInstance)
  sleep(0.2)
}
