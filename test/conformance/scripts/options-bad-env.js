// env: K6_VUS=many
// ignore-log: .
export default function () {}
