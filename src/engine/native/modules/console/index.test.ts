import { describe, expect, it } from 'vitest'
import { createTestScope } from '../data/testing/scope.js'
import { createConsole, formatConsoleArgs } from './index.js'

const scope = createTestScope()
const printed = (source: string): string => formatConsoleArgs(scope.run(`[${source}]`) as unknown[])

// Left: what a script logs. Right: what k6 2.2 printed for it.
const cases: readonly (readonly [string, string])[] = [
  [`'s'`, 's'],
  [`1.5`, '1.5'],
  [`-0`, '0'],
  [`NaN, Infinity, 10n, true`, 'NaN Infinity 10 true'],
  [`undefined, null`, 'undefined null'],
  [`Symbol('x')`, 'x'],
  [`function f() {}`, '[object Function]'],
  [`class A {}`, '[object Function]'],
  [
    `{ a: 1, 'b-c': 'x', d: null, e: undefined, f: () => 1, g: [1, [2, { h: 3 }]] }`,
    '{ a: 1, b-c: "x", d: null, e: null, f: [object Function], g: [ 1, [ 2, { h: 3 } ] ] }',
  ],
  [`{}`, '{}'],
  [`[1, 'a', null, undefined, , NaN]`, '[ 1, "a", null, null, null, NaN ]'],
  [`[]`, '[]'],
  [`[[[]], {}]`, '[ [ [] ], {} ]'],
  [`new Map([[1, 2]])`, '{}'],
  [`new Set([1])`, '{}'],
  [`new Date(0)`, '"1970-01-01T00:00:00.000Z"'],
  [`new Date(NaN)`, '{}'],
  [`{ d: new Date(0) }`, '{ d: "1970-01-01T00:00:00.000Z" }'],
  [`Object.assign(new Date(0), { a: 1 })`, '{ a: 1 }'],
  [`/a/g`, '{}'],
  [`new Error('msg')`, 'Error: msg'],
  [`new TypeError('t')`, 'TypeError: t'],
  [`Object.assign(new Error('p'), { a: 1 })`, 'Error: p'],
  [`{ e: new Error('in') }`, '{ e: Error: in }'],
  [`new Error()`, 'Error'],
  [`new (class A { constructor() { this.q = 1 } m() {} })()`, '{ q: 1 }'],
  [`(() => { const o = { a: 1 }; o.me = o; return o })()`, '{ a: 1, me: [Circular] }'],
  [`(() => { const o = [1]; o.push(o); return o })()`, '[ 1, [Circular] ]'],
  [`(() => { const o = {}; return [o, o] })()`, '[ {}, {} ]'],
  [`new Uint8Array([1, 2])`, 'Uint8Array(2) [ 1, 2 ]'],
  [`new Uint8Array(0)`, 'Uint8Array(0) []'],
  [`new Uint8ClampedArray(1)`, 'Uint8Array(1) [ 0 ]'],
  [`new Float64Array([1.5, NaN, -0])`, 'Float64Array(3) [ 1.5, NaN, 0 ]'],
  [`new BigInt64Array([1n])`, 'BigInt64Array(1) [ 1 ]'],
  [`{ u: new Uint8Array([255]) }`, '{ u: Uint8Array(1) [ 255 ] }'],
  [`new ArrayBuffer(2)`, 'ArrayBuffer { [Uint8Contents]: <00 00>, byteLength: 2 }'],
  [`new ArrayBuffer(0)`, 'ArrayBuffer { [Uint8Contents]: <>, byteLength: 0 }'],
  [`new DataView(new ArrayBuffer(2))`, '{}'],
  [`Promise.resolve(1)`, '{}'],
  [`new Proxy({ a: 1 }, {})`, '{ a: 1 }'],
  [`Object.create(null)`, '{}'],
  [`new String('abc')`, '{ 0: "a", 1: "b", 2: "c" }'],
  [`new Number(4)`, '{}'],
  [`(function () { return arguments })(1, 'b')`, '{ 0: 1, 1: "b" }'],
  [`['a"b\\nc', "it's"]`, '[ "a"b\nc", "it\'s" ]'],
  [`JSON, Math`, '{} {}'],
  [`{ toJSON() { return 5 } }`, '{ toJSON: [object Function] }'],
  [`{ toString() { return 'T' } }`, '{ toString: [object Function] }'],
  [`{ get x() { return 7 } }`, '{ x: 7 }'],
  [`{ [Symbol('k')]: 1, z: 2 }`, '{ z: 2 }'],
  [`[Symbol('q')]`, '[ "q" ]'],
  [`[5n], [-0], [true], ['']`, '[ 5 ] [ 0 ] [ true ] [ "" ]'],
  [`Object.assign([1], { x: 1 })`, '[ 1 ]'],
  [`[0.1, 1e21, 1e-7, 123456789012345680000]`, '[ 0.1, 1e+21, 1e-7, 123456789012345680000 ]'],
  [`{ 1: 2, b: 3, 0: 1 }`, '{ 0: 1, 1: 2, b: 3 }'],
  [`Object.create({ inh: 1 })`, '{}'],
  [`new (class extends Array {})(3)`, '[ null, null, null ]'],
  [`'%s %d', 'a', 5`, '%s %d a 5'],
]

describe('formatConsoleArgs', () => {
  it.each(cases)('prints %s as k6 does', (source, expected) => {
    expect(printed(source)).toBe(expected)
  })

  it('prints nothing for no arguments', () => {
    expect(formatConsoleArgs([])).toBe('')
  })

  it("lets a getter's error through", () => {
    expect(() => printed(`{ get x() { throw new Error('gx') } }`)).toThrow('gx')
  })
})

describe('console', () => {
  it("has five levels, in k6's order, and logs to the VU", () => {
    const console = createConsole(scope)
    expect(scope.run(`Object.keys(console).join()`, { console })).toBe('debug,error,info,log,warn')
    scope.run(`console.log('a', 1)`, { console })
    scope.run(`console.error({ a: [1] })`, { console })
    expect(scope.logged).toEqual(['info: a 1', 'error: { a: [ 1 ] }'])
  })
})
