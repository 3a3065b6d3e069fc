export const options = {
  scenarios: Object.fromEntries(
    [1, 2, 3, 4].map((i) => [`s_${i}`, { executor: 'per-vu-iterations', vus: i, iterations: i, exec: 'run' }]),
  ),
}
export function run() {}
