/** The recorded reads through a cache that was not there: TTL and LRU, exactly, at any size. */

export interface Read {
  readonly key: string
  readonly atMs: number
  readonly tookMs: number
  /** Of the true answer at that time. */
  readonly answer: string
}

export interface Replayed {
  readonly ttlS: number
  /** Entries; Infinity = all. */
  readonly size: number
  readonly reads: number
  readonly hits: number
  /** Hits whose answer had changed at the source since it was put in. */
  readonly stale: number
  /** Age of the oldest answer given, seconds. */
  readonly oldestS: number
  /** Reads that found a load of their key under way: with single flight they wait for it, without they all ask. */
  readonly together: number
  /** Milliseconds of the source that hits save. */
  readonly savedMs: number
  readonly evictions: number
}

/** @param reads  in the order of their time */
export function replay(reads: readonly Read[], ttlS: number, size: number): Replayed {
  // A Map keeps the order of insertion: an entry that is used is put in anew, so the first is the least recently used.
  const cache = new Map<string, { readonly answer: string; readonly filledMs: number; readonly loadedMs: number }>()
  let [hits, stale, oldestS, together, savedMs, evictions] = [0, 0, 0, 0, 0, 0]
  for (const { key, atMs, tookMs, answer } of reads) {
    const entry = cache.get(key)
    cache.delete(key)
    if (entry !== undefined && atMs < entry.loadedMs) {
      together++
      cache.set(key, entry)
      continue
    }
    if (entry !== undefined && atMs - entry.filledMs < ttlS * 1000) {
      hits++
      savedMs += tookMs
      if (entry.answer !== answer) stale++
      oldestS = Math.max(oldestS, (atMs - entry.filledMs) / 1000)
      cache.set(key, entry)
      continue
    }
    cache.set(key, { answer, filledMs: atMs, loadedMs: atMs + tookMs })
    if (cache.size > size) {
      evictions++
      cache.delete(cache.keys().next().value as string)
    }
  }
  return { ttlS, size, reads: reads.length, hits, stale, oldestS, together, savedMs, evictions }
}

/** Share of the keys' time in which their answer stayed the same for at least a minute, as far as the recording shows. */
export interface Steadiness {
  readonly changes: number
  /** Changes of a key's answer per minute that it was watched. */
  readonly changesPerMin: number
  /** Keys that were read at least twice. */
  readonly watchedKeys: number
}

export function steadinessOf(reads: readonly Read[]): Steadiness {
  const keys = new Map<string, { firstMs: number; lastMs: number; answer: string; changes: number; reads: number }>()
  for (const { key, atMs, answer } of reads) {
    const known = keys.get(key)
    if (known === undefined) keys.set(key, { firstMs: atMs, lastMs: atMs, answer, changes: 0, reads: 1 })
    else {
      known.lastMs = atMs
      known.reads++
      if (known.answer !== answer) known.changes++
      known.answer = answer
    }
  }
  const watched = [...keys.values()].filter(({ reads }) => reads > 1)
  const minutes = watched.reduce((sum, { firstMs, lastMs }) => sum + (lastMs - firstMs) / 60_000, 0)
  const changes = watched.reduce((sum, one) => sum + one.changes, 0)
  return { changes, changesPerMin: minutes > 0 ? changes / minutes : 0, watchedKeys: watched.length }
}
