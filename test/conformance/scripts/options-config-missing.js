// args: --config /nonexistent/config.json
// ignore-log: .
export default function () {}
