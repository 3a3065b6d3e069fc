// args: --no-such-flag
// ignore-log: .
export default function () {}
