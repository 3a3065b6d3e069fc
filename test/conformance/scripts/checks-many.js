import { check } from 'k6'
export const options = { vus: 3, iterations: 30 }
export default function () {
  check(
    { status: 200, body: 'x' },
    {
      'is 200': (r) => r.status === 200,
      'is x': (r) => r.body === 'x',
      even: () => __ITER % 2 === 0 || true,
      truthy: 'text',
      zero: 0,
    },
  )
}
