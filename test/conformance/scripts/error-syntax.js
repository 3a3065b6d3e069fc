// ignore-log: .
export default function () { let a = ; }
