// Order and data of init, setup, VU code, teardown and handleSummary; one instance of the module for each.
import { sleep } from 'k6'
console.log('init', __VU, typeof __ITER)
let n = 0
export const options = { vus: 2, iterations: 2 }
export function setup() {
  n++
  console.log('setup', n, __VU, typeof __ITER)
  return { a: 1, list: [1, { b: 2 }], gone: undefined, nul: null }
}
export default function (data) {
  n++
  data.a++
  sleep(0.05)
  console.log('iter', data.a >= 2, JSON.stringify(data.list), data.gone, data.nul)
}
export function teardown(data) {
  n++
  console.log('teardown', n, data.list.length, data.a)
}
export function handleSummary(data) {
  n++
  console.log(
    'summary',
    n,
    Object.keys(data).sort().join(),
    Object.keys(data.metrics).sort().join(),
    data.setup_data.list.length,
  )
  return {}
}
