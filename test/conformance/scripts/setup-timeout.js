// ignore: vus, vus_max
import { sleep } from 'k6'
export const options = { setupTimeout: '1s' }
export function setup() {
  sleep(5)
}
export default function () {}
export function teardown() {
  console.log('teardown')
}
