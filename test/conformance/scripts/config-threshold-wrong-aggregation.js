// ignore-log: .
export const options = { iterations: 1, thresholds: { http_reqs: ['p(95)<5'] } }
export default function () {}
