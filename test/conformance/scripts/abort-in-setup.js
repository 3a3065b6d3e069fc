import exec from 'k6/execution'
export const options = { iterations: 10, vus: 1 }
export function setup() {
  exec.test.abort('not today')
}
export default function () {}
export function teardown() {
  console.log('teardown ran')
}
