// args: --duration soon
// ignore-log: .
export default function () {}
