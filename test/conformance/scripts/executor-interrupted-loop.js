// A loop that never yields.
// ignore: vus, vus_max
export const options = { scenarios: { c: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } }
export default function () {
  let n = 0
  while (true) n++
}
