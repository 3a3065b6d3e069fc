// ignore-log: .
export const options = 'text'
export default function () {}
