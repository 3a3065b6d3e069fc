import { describe, expect, it } from 'vitest'
import { Realm } from './testing/realm.js'

const url = 'https://jslib.k6.io/k6-testing/0.6.1/index.js'

// biome-ignore lint/suspicious/noExplicitAny: the library's own matchers.
function collect(config: object = {}): { assert: any; failures: string[] } {
  const failures: string[] = []
  const assert = new Realm().load(url).expect.configure({
    colorize: false,
    display: 'inline',
    timeout: 50,
    interval: 10,
    ...config,
    assertFn: (_: boolean, message: string) => failures.push(message),
  })
  return { assert, failures }
}

function locator(members: object): object {
  const names =
    'clear isEnabled isHidden getAttribute selectOption press type dispatchEvent dblclick setChecked isDisabled focus innerText inputValue check isEditable fill textContent hover waitFor click uncheck isChecked isVisible innerHTML tap'
  return { ...Object.fromEntries(names.split(' ').map((name) => [name, async () => false])), ...members }
}

describe('k6-testing: values', () => {
  const { assert, failures } = collect()
  const judge = (fn: () => void): boolean => {
    const before = failures.length
    fn()
    return failures.length === before
  }

  it.each([
    ['toBe', 1, [1], [2]],
    ['toBe', Number.NaN, [Number.NaN], [0]],
    ['toEqual', { a: [1] }, [{ a: [1] }], [{ a: [2] }]],
    ['toBeCloseTo', 1.234, [1.2345], [1.3]],
    ['toBeGreaterThan', 2, [1], [2]],
    ['toBeGreaterThanOrEqual', 2, [2], [3]],
    ['toBeLessThan', 2, [3], [2]],
    ['toBeLessThanOrEqual', 2n, [2], [1]],
    ['toContain', 'abc', ['b'], ['x']],
    ['toContain', [1, 2], [2], [3]],
    ['toContainEqual', [{ a: 1 }], [{ a: 1 }], [{ a: 2 }]],
    ['toHaveLength', 'abc', [3], [2]],
    ['toHaveProperty', { a: { b: [1, 2] } }, ['a.b[1]'], ['a.b[2]']],
    ['toHaveProperty', { a: 1 }, ['a', 1], ['a', 2]],
    ['toBeInstanceOf', [], [Array], [Map]],
  ] as [string, unknown, unknown[], unknown[]][])('%s of %o holds for %o, not for %o', (name, value, good, bad) => {
    expect(judge(() => assert(value)[name](...good))).toBe(true)
    expect(judge(() => assert(value)[name](...bad))).toBe(false)
    expect(judge(() => assert(value).not[name](...good))).toBe(false)
    expect(judge(() => assert(value).not[name](...bad))).toBe(true)
  })

  it.each([
    ['toBeDefined', 0, undefined],
    ['toBeUndefined', undefined, 0],
    ['toBeNull', null, undefined],
    ['toBeNaN', Number.NaN, 1],
    ['toBeTruthy', 'x', ''],
    ['toBeFalsy', 0, 1],
  ] as [string, unknown, unknown][])('%s holds for %o, not for %o', (name, good, bad) => {
    expect(judge(() => assert(good)[name]())).toBe(true)
    expect(judge(() => assert(bad)[name]())).toBe(false)
  })

  it('a value of the wrong type fails, and says which would be right', () => {
    failures.length = 0
    assert('x').toBeGreaterThan(1)
    assert(5).toContain(1)
    assert(null).toHaveLength(1)
    expect(failures.map((text) => /expected_type=("[^"]*"|\S*)/.exec(text)?.[1])).toEqual([
      '"number | bigint"',
      '"Set | Array | string"',
      '"string | array | object"',
    ])
  })
})

describe('k6-testing: what a failure does', () => {
  it('aborts the test with the place and both values', () => {
    const realm = new Realm()
    const { expect: assert } = realm.load(url)
    expect(() => assert({ a: 1 }).toEqual({ a: 2 })).toThrow(/^abort: /)
    const plain = assert.configure({ colorize: false })
    expect(() => plain({ a: 1 }).toEqual({ a: 2 })).toThrow(
      /\n {3}Error: expect\(received\)\.toEqual\(expected\)\n {6}At: .*k6-testing\.test\.ts:\d+:\d+\n\nExpected: \{"a":2\}\nReceived: \{"a":1\}\n\nFilename: k6-testing\.test\.ts\n {4}Line: \d+\n$/,
    )
  })

  it('soft ones mark the test as failed, or throw', () => {
    const realm = new Realm()
    const { expect: assert } = realm.load(url)
    assert.configure({ colorize: false, display: 'inline' }).soft(1).toBe(2)
    expect(realm.logs).toEqual([
      expect.stringMatching(/^fail: error=expect\(received\)\.toBe\(expected\) at=.* expected=2 received=1 /),
    ])
    expect(() => assert.configure({ softMode: 'throw' }).soft(1).toBe(2)).toThrow(
      expect.objectContaining({ name: 'AssertionFailedError' }),
    )
  })

  it('the environment stands above the configuration', () => {
    const { expect: assert } = new Realm({ K6_TESTING_DISPLAY: 'inline', K6_TESTING_TIMEOUT: '7' }).load(url)
    expect(assert.configure({ display: 'pretty', timeout: 1 }).config).toMatchObject({ display: 'inline', timeout: 7 })
    expect(() => new Realm({ K6_TESTING_DISPLAY: 'loud' }).load(url)).toThrow('Must be one of: inline, pretty')
    expect(() => new Realm({ K6_TESTING_TIMEOUT: '-1' }).load(url)).toThrow('non-negative')
  })
})

describe('k6-testing: locators and pages', () => {
  it('tries again until it holds', async () => {
    const { assert, failures } = collect({ timeout: 5_000 })
    let tries = 0
    await assert(locator({ isVisible: async () => ++tries > 2 })).toBeVisible()
    expect([tries, failures]).toEqual([3, []])
  })

  it('says what it saw when time is up', async () => {
    const { assert, failures } = collect()
    await assert(locator({ isChecked: async () => false })).toBeChecked()
    expect(failures[0]).toMatch(
      /expected=checked received=unchecked call_log="expect\.toBeChecked with timeout 50ms" call_log="assertion toBeChecked failed/,
    )
  })

  it('compares texts by their words, attributes and values letter by letter', async () => {
    const { assert, failures } = collect()
    const hello = locator({
      textContent: async () => '  Hello \n world ',
      inputValue: async () => 'v ',
      getAttribute: async (name: string) => (name === 'a' ? '1' : null),
    })
    await assert(hello).toHaveText('Hello world')
    await assert(hello).toContainText(/HELLO/, { ignoreCase: true })
    await assert(hello).not.toHaveText('Hello')
    await assert(hello).toHaveAttribute('a', '1')
    await assert(hello).not.toHaveAttribute('b')
    await assert(hello).toHaveValue('v ')
    expect(failures).toEqual([])
    await assert(hello).toHaveAttribute('a', '2')
    expect(failures[0]).toContain("received=\"Attribute 'a' had value '1'\"")
  })

  it('lets errors of the script through', async () => {
    const { assert } = collect()
    const broken = locator({
      isVisible: async () => {
        throw new Error('closed')
      },
    })
    await expect(assert(broken).toBeVisible()).rejects.toThrow('closed')
    await expect(assert(broken).toHaveValue(5)).rejects.toThrow('Expected value must be a string.')
  })
})
