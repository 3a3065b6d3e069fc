// ignore-log: .
export const options = { iterations: 1, thresholds: { http_reqs: 5 } }
export default function () {}
