// k6: 2
// What the language offers today.
import { check } from 'k6'
export default function () {
  const o = { a: { b: null } }
  console.log(o?.a?.b ?? 'none', o.x?.y, [1, [2, [3]]].flat(Infinity).join(), Object.entries({ a: 1 }).join())
  let x = null
  x ??= 5
  x **= 2
  console.log(x, 1_000, 0b11, 0o17, 'abc'.at(-1), 'a-b'.replaceAll('-', '+'))
  label: for (const i of [1, 2]) {
    for (const j of [1, 2]) {
      if (j === 2) continue label
      console.log(i, j)
    }
  }
  class A {
    static #n = 0
    static next() {
      return ++A.#n
    }
    static {
      A.next()
    }
  }
  console.log(
    A.next(),
    `${[...'añ'].length}`,
    /(?<y>\d+)/.exec('a12').groups.y,
    'x1y2'.replace(/\d/g, (d) => d * 2),
  )
  const { a, ...rest } = { a: 1, b: 2, c: 3 }
  console.log(JSON.stringify(rest), Array.from({ length: 3 }, (_, i) => i).join(), typeof Symbol.iterator)
  console.log(
    [3, 1, 2].toSorted ? 'toSorted' : 'no toSorted',
    Object.groupBy ? 'groupBy' : 'no groupBy',
    [1, 2].findLast((v) => v < 2),
  )
  try {
    null.x
  } catch {
    console.log('caught')
  }
  switch (5) {
    case 5:
      console.log('five')
    default:
      console.log('through')
  }
  console.log(
    new Date(Date.UTC(2020, 1, 29)).toISOString(),
    (1234.5678).toFixed(2),
    parseInt('12px'),
    encodeURIComponent('ž /'),
  )
  console.log([...'ab'].entries().next().value.join(), new Set([1, 1]).size, [10, 9, 1].sort().join())
  check(1, { arrow: (v) => v })
}
