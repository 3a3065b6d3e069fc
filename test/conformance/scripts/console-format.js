// Every level and every kind of value.
// args: --verbose
// ignore-log: ^level=debug msg="?(?!"?own)
// ignore-log: ^level=debug .*component
class P {
  constructor() {
    this.x = 1
  }
}
export default function () {
  console.debug('own debug')
  console.info('info')
  console.warn('warn')
  console.error('error')
  console.log()
  console.log('')
  console.log('a', 1, true, null, undefined, NaN, -0, 1e21, 1.5)
  console.log([1, 'a', [2]], { a: 1, b: { c: [1] } })
  console.log(
    new P(),
    () => 1,
    function named() {},
    class Q {},
  )
  console.log(Symbol('s'), 10n)
  console.log(new Error('message'))
  console.log(new Date(0), /x/g)
  console.log(new Map([[1, { a: 2 }]]), new Set([1, 'x']))
  console.log(new Uint8Array([1, 2]), new ArrayBuffer(2))
  console.log('quote " and \\ and \n newline')
  console.log('%s %d', 'x', 1)
  console.log('ž ✓', '\u0007', '\t')
  console.log({}, [], [undefined, null], { u: undefined, f() {} })
  console.log(Promise.resolve(1), new WeakMap(), globalThis === undefined)
  console.log(Object.create(null), new String('boxed'), new Number(5))
}
