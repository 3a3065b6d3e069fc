// ignore-log: .
export const options = { scenarios: { a: { executor: 'shared-iterations', bogus: 1 } } }
export default function () {}
