// mask: ts:\d+:\d+
interface A {
  n: number
}
export default function () {
  const a: A = { n: 1 }
  throw new Error(`typed ${a.n}`)
}
