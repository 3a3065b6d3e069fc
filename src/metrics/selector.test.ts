import { describe, expect, it } from 'vitest'
import { parseSelector, selects } from './selector.js'
import { TagRegistry } from './tags.js'

const says = (metric: string, why: string): string =>
  `unable to validate threshold expressions; reason: parsing metric name failed, metric "${metric}" ${why}`

describe('metric selectors', () => {
  it.each([
    ['t_t', 't_t', undefined, []],
    ['t_t{a:b}', 't_t', 'a:b', [['a', 'b']]],
    [
      't_t{a:b,c:d:e}',
      't_t',
      'a:b,c:d:e',
      [
        ['a', 'b'],
        ['c', 'd:e'],
      ],
    ],
    [
      `t_t{a: b , 'c':"d"}`,
      't_t',
      `a: b , 'c':"d"`,
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['t_t{url:http://x/y}', 't_t', 'url:http://x/y', [['url', 'http://x/y']]],
    ['t_t{a:{b}}', 't_t', 'a:{b}', [['a', '{b}']]],
    ['t_t{a:b,a:c}', 't_t', 'a:b,a:c', [['a', 'c']]],
  ])('reads %s as k6 does', (text, metric, suffix, tags) => {
    expect(parseSelector(text)).toEqual({ metric, suffix, tags })
  })

  it.each([
    ['t_t{', says('t_t{', 'has unmatched opening/close curly brace')],
    ['t_t}', says('t_t}', 'has unmatched opening/close curly brace')],
    ['t_t}{', says('t_t}{', 'closing curly brace appears before opening one')],
    ['t_t{a:b}x', says('t_t{a:b}x', 'lacks a closing curly brace in its last position')],
    ['t_t{a}', says('a', 'tag expression is malformed')],
    ['t_t{}', says('', 'tag expression is malformed')],
    ['t_t{a:b,}', says('', 'tag expression is malformed')],
    ['t_t{a:}', says('a:', 'tag expression is malformed')],
  ])("refuses %s in k6's words", (text, message) => {
    expect(() => parseSelector(text)).toThrow(message)
  })

  it('selects sets that have every tag with exactly its value', () => {
    const { root } = new TagRegistry()
    const { tags } = parseSelector('m_m{a:1,b:2}')
    expect(selects(tags, root.withAll({ a: '1', b: '2', c: '3' }))).toBe(true)
    expect(selects(tags, root.withAll({ a: '1', b: '20' }))).toBe(false)
    expect(selects(tags, root.with('a', '1'))).toBe(false)
  })
})
