// test.abort: the rest of the iteration does not run, teardown and the summary do.
import exec from 'k6/execution'
export const options = { iterations: 3, thresholds: { iterations: ['count<100'] } }
export default function () {
  if (__ITER === 1) {
    exec.test.abort('enough')
    console.log('never')
  }
}
export function teardown() {
  console.log('teardown')
}
export function handleSummary() {
  console.log('summary')
  return {}
}
