// ignore-counts
// same-log
import { sleep } from 'k6'
import { Rate } from 'k6/metrics'
const ok = new Rate('ok_rate')
export const options = { duration: '20s', thresholds: { ok_rate: [{ threshold: 'rate>0.9', abortOnFail: true }] } }
export default function () {
  ok.add(false)
  sleep(0.1)
}
