// ignore-log: .
export const options = { duration: 'soon' }
export default function () {}
