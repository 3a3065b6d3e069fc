import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TagRegistry } from './tags.js'

const tag = fc.string({ maxLength: 4 })
const tags = fc.dictionary(tag, tag, { maxKeys: 6 })

describe('tag sets', () => {
  it('are the same object when they have the same content, whatever the way there', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tag, tag), { maxLength: 8 }), (steps) => {
        const registry = new TagRegistry()
        let set = registry.root
        for (const [key, value] of steps) set = set.with(key, value)
        const content = Object.fromEntries(steps)
        expect(set.toObject()).toEqual(content)
        expect(registry.root.withAll(Object.fromEntries(Object.entries(content).reverse()))).toBe(set)
        expect(set.entries.map(([key]) => key)).toEqual(Object.keys(content).sort())
      }),
    )
  })

  it('differ when any entry differs, however values imitate separators', () => {
    fc.assert(
      fc.property(tags, tags, (a, b) => {
        const registry = new TagRegistry()
        const text = (set: Record<string, string>): string => JSON.stringify(registry.root.withAll(set).toObject())
        const same = text(a) === text(b)
        expect(registry.root.withAll(a) === registry.root.withAll(b)).toBe(same)
      }),
    )
  })

  it('lose a key without a trace', () => {
    const registry = new TagRegistry()
    const ab = registry.root.withAll({ a: '1', b: '2' })
    expect(ab.without('a')).toBe(registry.root.with('b', '2'))
    expect(ab.without('z')).toBe(ab)
    expect(ab.with('a', '1')).toBe(ab)
    expect(ab.get('a')).toBe('1')
    expect(ab.get('z')).toBeUndefined()
  })

  it('alternate between followers without mixing them up', () => {
    const { root } = new TagRegistry()
    for (let i = 0; i < 3; i++) {
      expect(root.with('status', '200').get('status')).toBe('200')
      expect(root.with('status', '500').get('status')).toBe('500')
      expect(root.with('method', '200').toObject()).toEqual({ method: '200' })
    }
  })
})
