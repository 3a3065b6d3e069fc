import { describe, expect, it } from 'vitest'
import { LruCache } from './cache.js'

describe('LruCache', () => {
  it('loads once while the value is young, again when it is old', async () => {
    let now = 0
    let loads = 0
    const cache = new LruCache<number>({ maxEntries: 2, ttlMs: 10, nowMs: () => now })
    const load = async (): Promise<number> => ++loads
    expect(await cache.get('a', load)).toBe(1)
    now = 9
    expect(await cache.get('a', load)).toBe(1)
    now = 10
    expect(await cache.get('a', load)).toBe(2)
  })

  it('throws out the one used longest ago', async () => {
    const cache = new LruCache<string>({ maxEntries: 2, ttlMs: 10, nowMs: () => 0 })
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key, async () => key)
    const loaded: string[] = []
    for (const key of ['a', 'c', 'b']) await cache.get(key, async () => (loaded.push(key), key))
    expect(loaded).toEqual(['b'])
    expect(cache.size).toBe(2)
  })

  it('makes one load of many callers at once, and keeps no failure', async () => {
    let loads = 0
    const cache = new LruCache<number>({ maxEntries: 2, ttlMs: 10, nowMs: () => 0 })
    const fail = async (): Promise<number> => {
      loads++
      throw new Error('down')
    }
    const results = await Promise.allSettled([cache.get('a', fail), cache.get('a', fail)])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    expect(loads).toBe(1)
    expect(await cache.get('a', async () => 7)).toBe(7)
  })
})
