import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Read, replay, steadinessOf } from './replay.js'

const reads = (...list: readonly (readonly [key: string, atS: number, answer?: string])[]): Read[] =>
  list.map(([key, atS, answer = 'same']) => ({ key, atMs: atS * 1000, tookMs: 100, answer }))

describe('the replay of recorded reads', () => {
  it('counts hits within the TTL, stale ones by the true answer, and what the database is spared', () => {
    const found = replay(reads(['a', 0], ['a', 5], ['a', 9, 'new'], ['a', 10, 'new'], ['a', 11, 'new']), 10, Infinity)
    expect(found).toMatchObject({ reads: 5, hits: 3, stale: 1, oldestS: 9, savedMs: 300, together: 0 })
  })

  it('throws the least recently used entry away when there is no room', () => {
    const list = reads(['a', 0], ['b', 1], ['a', 2], ['c', 3], ['a', 4], ['b', 5])
    expect(replay(list, 100, 2)).toMatchObject({ hits: 2, evictions: 2 })
    expect(replay(list, 100, 3)).toMatchObject({ hits: 3, evictions: 0 })
  })

  it('counts those who ask while the first one still loads', () => {
    expect(replay(reads(['a', 0], ['a', 0.05], ['a', 0.09], ['a', 0.2]), 10, Infinity)).toMatchObject({
      hits: 1,
      together: 2,
    })
  })

  it('never hits more with less time or less room', () => {
    const list = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 3000 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(list, (steps) => {
        let atS = 0
        const all = reads(...steps.map(([key, step]) => [key, (atS += step / 1000)] as const))
        expect(replay(all, 1000, 2).hits).toBeLessThanOrEqual(replay(all, 1000, 3).hits)
        expect(replay(all, 1, Infinity).hits).toBeLessThanOrEqual(replay(all, 1000, Infinity).hits)
      }),
    )
  })

  it('tells how often the answer of a key changes', () => {
    const list = reads(['a', 0], ['a', 30, 'new'], ['a', 60, 'new'], ['b', 0])
    expect(steadinessOf(list)).toEqual({ changes: 1, changesPerMin: 1, watchedKeys: 1 })
  })
})
