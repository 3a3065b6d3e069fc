// ignore-counts
import { sleep } from 'k6'
import { Rate } from 'k6/metrics'
const ok = new Rate('ok_rate')
export const options = {
  duration: '2500ms',
  thresholds: { ok_rate: [{ threshold: 'rate>0.9', abortOnFail: true, delayAbortEval: '1m' }] },
}
export default function () {
  ok.add(false)
  sleep(0.1)
}
export function teardown() {
  console.log('teardown')
}
