// ignore-log: .
export const options = { iterations: 1, bogus: 2 }
export default function () {}
