// k6: 2
// args: --vus -1
// ignore-log: .
export default function () {}
