import { describe, expect, it } from 'vitest'
import { createDataModule, exportSharedRows, importSharedRows } from './index.js'
import { SharedRows } from './shared-rows.js'
import { createTestScope, type TestScope } from './testing/scope.js'

const scope = createTestScope()
const bindings = (of: TestScope): Record<string, unknown> => createDataModule(of)
const run = (source: string, of: TestScope = scope): unknown => of.run(source, bindings(of))
const setup = `(() => {
  const a = new SharedArray('a', () => [{ x: 1, y: { z: [1, 2] } }, 2, 's', null, [5, 6], NaN, new Date(0), 'é€', undefined])
  const b = new SharedArray('b', () => [5, 3, 9])
  `
const json = (source: string): unknown => JSON.parse(run(`${setup} return JSON.stringify(${source}) })()`) as string)
const failure = (source: string): unknown =>
  run(`${setup} try { ${source}; return 'no error' } catch (e) { return String(e) + ' ' + (e instanceof Error) } })()`)

describe('SharedArray', () => {
  it.each([
    [
      `[a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]]`,
      [{ x: 1, y: { z: [1, 2] } }, 2, 's', null, [5, 6], null, '1970-01-01T00:00:00.000Z', 'é€'],
    ],
    [
      `[a.length, a.name === undefined, '0' in a, '99' in a, a[99] === undefined, a[-1] === undefined, a['0'].x, a[1.5] === undefined]`,
      [9, true, true, false, true, true, 1, true],
    ],
    [`Object.keys(b)`, ['0', '1', '2']],
    [`Object.getOwnPropertyNames(b)`, ['0', '1', '2', 'length']],
    [`Object.getOwnPropertyDescriptor(b, '0')`, { value: 5, writable: true, enumerable: true, configurable: true }],
    [
      `Object.getOwnPropertyDescriptor(b, 'length')`,
      { value: 3, writable: true, enumerable: false, configurable: false },
    ],
    [
      `[Object.isFrozen(a[0]), Object.isFrozen(a[0].y), Object.isFrozen(a[0].y.z), Object.isFrozen(a), Object.isExtensible(a)]`,
      [true, true, true, false, true],
    ],
    [
      `[b instanceof SharedArray, b instanceof Array, Array.isArray(b), b.constructor.name, Object.prototype.toString.call(b), a[0] instanceof Object, a[4] instanceof Array]`,
      [false, true, true, 'Array', '[object Array]', true, true],
    ],
    [`b.map((x) => x * 2)`, [10, 6, 18]],
    [`b.filter((x) => x > 3)`, [5, 9]],
    [`b.slice(1)`, [3, 9]],
    [`[0].concat(b)`, [0, 5, 3, 9]],
    [`b.concat([1])`, [5, 3, 9, 1]],
    [`[...b]`, [5, 3, 9]],
    [
      `(() => { const r = []; for (const x of b) r.push(x); for (const i in b) r.push(i); return r })()`,
      [5, 3, 9, '0', '1', '2'],
    ],
    [
      `[...b.entries()]`,
      [
        [0, 5],
        [1, 3],
        [2, 9],
      ],
    ],
    [
      `[b.reduce((x, y) => x + y, 0), b.join('-'), String(b), b.indexOf(3), b.includes(9), b.find((x) => x > 5), b.at(-1)]`,
      [17, '5-3-9', '5,3,9', 1, true, 9, 9],
    ],
    [
      `[b.toSorted(), Array.from(b), Object.entries(b), Object.assign([], b), Math.max.apply(null, b)]`,
      [
        [3, 5, 9],
        [5, 3, 9],
        [
          ['0', 5],
          ['1', 3],
          ['2', 9],
        ],
        [5, 3, 9],
        9,
      ],
    ],
    [`(() => { const [x, ...y] = b; return { x, y, ...b } })()`, { x: 5, y: [3, 9], 0: 5, 1: 3, 2: 9 }],
    [`(() => { const m = b.map((x) => x); m.push(3); return [m, m.constructor.name] })()`, [[5, 3, 9, 3], 'Array']],
    [`{ q: b }`, { q: [5, 3, 9] }],
    [`[b.hasOwnProperty(0), b.hasOwnProperty(3), delete b[99]]`, [true, false, true]],
    [`SharedArray('called', () => [1])`, [1]],
    [`new SharedArray(undefined, () => [1])`, [1]],
    [`new SharedArray('empty', () => [])`, []],
  ])('%s is what k6 answers', (source, expected) => {
    expect(json(source)).toEqual(expected)
  })

  it.each([
    [`b[0] = 1`, 'TypeError: SharedArray is immutable'],
    [`b[99] = 1`, 'TypeError: SharedArray is immutable'],
    [`b.length = 0`, 'TypeError: SharedArray is immutable'],
    [`delete b[0]`, 'TypeError: SharedArray is immutable'],
    ...[
      'push(1)',
      'pop()',
      'shift()',
      'unshift(1)',
      'splice(0, 1)',
      'sort()',
      'reverse()',
      'fill(1)',
      'copyWithin(0, 1)',
    ].map((call) => [`b.${call}`, 'TypeError: SharedArray is immutable'] as [string, string]),
    [`Object.defineProperty(b, '0', { value: 5 })`, 'TypeError: SharedArray is immutable'],
    [`Object.defineProperty(b, 'foo', { value: 5 })`, 'TypeError: Cannot define property "foo" on a dynamic array'],
    [`b.foo = 1`, 'TypeError: Cannot set property "foo" on a dynamic array'],
    [`delete b.length`, 'TypeError: Cannot delete property "length" on a dynamic array'],
    [`Object.freeze(b)`, 'TypeError: Cannot make a dynamic object non-extensible'],
    [`a[8]`, "SyntaxError: invalid character 'u' looking for beginning of value"],
    [`new SharedArray('', () => [])`, "GoError: empty name provided to SharedArray's constructor"],
    [`new SharedArray('q')`, "GoError: a function is expected as the second argument of SharedArray's constructor"],
    [`new SharedArray('q', [])`, "GoError: a function is expected as the second argument of SharedArray's constructor"],
    [
      `new SharedArray('q', async () => [])`,
      'GoError: SharedArray constructor does not support async functions as second argument',
    ],
    [`new SharedArray('q', () => ({}))`, 'GoError: only arrays can be made into SharedArray'],
    [`new SharedArray('q', () => 'abc')`, 'GoError: only arrays can be made into SharedArray'],
    [`new SharedArray('q', () => new Uint8Array(2))`, 'GoError: only arrays can be made into SharedArray'],
    [`new SharedArray('q', () => undefined)`, 'TypeError: Cannot convert undefined or null to object'],
    [`new SharedArray('q', () => { throw new Error('boo') })`, 'Error: boo'],
    [`new SharedArray('q', () => [1n])`, 'TypeError: Do not know how to serialize a BigInt'],
  ])('%s throws as in k6', (source, text) => {
    expect(failure(source)).toBe(`${text} true`)
  })

  it('refuses a write to a row, which is frozen', () => {
    expect(failure(`a[0].x = 5`)).toMatch(/^TypeError: Cannot assign to read only property 'x'/)
    expect(failure(`a[0].q = 5`)).toBe('TypeError: Cannot add property q, object is not extensible true')
  })

  it('builds its rows once, whoever asks, and only in the init context', () => {
    const first = createTestScope()
    const second = createTestScope({ sibling: first })
    const built: string[] = []
    const make = (of: TestScope): unknown =>
      of.run(`new SharedArray('users', () => { built.push('x'); return [1] })`, { ...bindings(of), built })
    make(first)
    make(second)
    expect(built).toEqual(['x'])
    second.phase = 'vu'
    expect(() => make(second)).toThrow('new SharedArray must be called in the init context')
  })

  it('gives each realm copies of its own', () => {
    const first = createTestScope()
    const other = createTestScope({ sibling: first, realm: createTestScope().realm })
    const source = `new SharedArray('rows', () => [{ x: 1 }])[0]`
    expect(first.run(source, bindings(first))).toBeInstanceOf(first.realm.Object)
    expect(other.run(source, bindings(other))).toBeInstanceOf(other.realm.Object)
  })

  it('reaches another worker as shared memory', () => {
    const first = createTestScope()
    first.run(`new SharedArray('rows', () => [{ name: 'zoé' }, { name: '€' }])`, bindings(first))
    const second = createTestScope()
    importSharedRows(second, structuredClone(exportSharedRows(first)))
    expect(
      second.run(`JSON.stringify(new SharedArray('rows', () => { throw new Error('built again') }))`, bindings(second)),
    ).toBe('[{"name":"zoé"},{"name":"€"}]')
  })
})

describe('SharedRows', () => {
  it('keeps texts of one byte a character so, and others as UTF-8', () => {
    const latin = SharedRows.fromTexts(['"é"', '', '"b"'])
    expect([latin.data.encoding, latin.count, latin.text(0), latin.text(1), latin.text(2)]).toEqual([
      'latin1',
      3,
      '"é"',
      '',
      '"b"',
    ])
    const wide = SharedRows.fromTexts(['"é"', '"😀"'])
    expect([wide.data.encoding, wide.text(0), wide.text(1)]).toEqual(['utf8', '"é"', '"😀"'])
  })
})
