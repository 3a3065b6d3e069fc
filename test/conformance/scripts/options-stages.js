// ignore: vus, vus_max
// ignore-counts
// args: --stage 500ms:2 --stage 500ms:0
import { sleep } from 'k6'
export default function () {
  sleep(0.1)
}
