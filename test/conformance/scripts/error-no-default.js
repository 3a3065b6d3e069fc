// ignore-log: .
export const options = { iterations: 1 }
