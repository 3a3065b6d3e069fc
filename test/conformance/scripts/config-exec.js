// ignore-log: .
export const options = { scenarios: { a: { executor: 'shared-iterations', exec: 'absent' } } }
export default function () {}
