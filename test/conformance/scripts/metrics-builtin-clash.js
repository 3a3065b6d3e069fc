import { Trend } from 'k6/metrics'
const c = new Trend('http_reqs')
export default function () {}
