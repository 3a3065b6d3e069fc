import exec from 'k6/execution'
export const options = { iterations: 10, vus: 1 }
export default function () {
  if (exec.scenario.iterationInTest === 3) exec.test.abort('enough')
}
export function teardown() {
  console.log('teardown ran')
}
