// Nothing of one VU is seen by another; what a VU keeps is kept.
import { sleep } from 'k6'
export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 3, iterations: 2 } } }
let mine = 0
globalThis.seen = (globalThis.seen ?? 0) + 1
Array.prototype.extra = `vu`
export default function () {
  mine++
  globalThis.count = (globalThis.count ?? 0) + 1
  String.prototype.added = (String.prototype.added ?? 0) + 1
  sleep(0.02)
  console.log(mine, globalThis.count, globalThis.seen, ''.added, [].extra)
}
