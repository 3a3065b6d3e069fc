import { Counter, Trend } from 'k6/metrics'
new Counter('nc')
new Trend('nt')
export const options = { thresholds: { nc: ['count>0'], nt: ['p(95)>1'] } }
export default function () {}
