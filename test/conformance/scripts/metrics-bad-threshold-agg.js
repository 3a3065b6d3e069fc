import { Counter } from 'k6/metrics'
new Counter('c_two')
export const options = { thresholds: { c_two: ['p(95)<5'] } }
export default function () {}
