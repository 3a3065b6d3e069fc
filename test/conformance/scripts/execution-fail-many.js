import exec from 'k6/execution'
export const options = { iterations: 3, thresholds: { iterations: ['count>100'] } }
export default function () {
  exec.test.fail(`iteration ${__ITER}`)
  console.log('goes on')
}
