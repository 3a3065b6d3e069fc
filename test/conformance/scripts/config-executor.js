// ignore-log: .
export const options = { scenarios: { a: { executor: 'nope' } } }
export default function () {}
