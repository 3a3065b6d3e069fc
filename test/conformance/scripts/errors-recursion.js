// ignore-log: .
function f() { return f() + 1 }
export default function () {
  try { f() } catch (e) { console.log(e instanceof Error) }
}
