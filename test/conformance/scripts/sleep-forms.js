import { sleep } from 'k6'
export default function () {
  for (const v of [0, 0.02, '0.02', -1, null, undefined, NaN, true]) {
    const from = Date.now()
    try {
      sleep(v)
      console.log(String(v), Date.now() - from >= 15)
    } catch (e) {
      console.log(String(v), String(e))
    }
    if (v === undefined) break
  }
}
