/** The recorded reads against a real Redis of ours (`--scratch redis://`): hit ratio, and what a read from it takes. */
import { randomBytes } from 'node:crypto'
import { type Clock, nowMs } from '#base/clock.js'
import { type Middle, middleOf } from '../measure.js'
import type { Read } from './replay.js'

export interface RedisTrial {
  readonly reads: number
  readonly hits: number
  readonly speed: number
  readonly readMs: Middle
}

/** Long enough for TTLs to pass, short enough to wait for. */
const LASTS_MS = 6_000
const MOST_READS = 20_000
const MAX_VALUE_BYTES = 1_000_000

/**
 * Time and TTL run faster by the same factor, so that the ratio is that of the recording.
 * @param bytes  size of a value
 */
export async function tryRedis(
  uri: string,
  reads: readonly Read[],
  ttlS: number,
  bytes: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<RedisTrial> {
  const { Redis } = await import('ioredis')
  const client = new Redis(uri, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
  })
  client.on('error', () => {})
  const prefix = `perfwright:${randomBytes(6).toString('hex')}`
  const own = new Set<string>()
  const taken = reads.slice(0, MOST_READS)
  const [firstMs, lastMs] = [taken[0]?.atMs ?? 0, taken.at(-1)?.atMs ?? 0]
  const speed = Math.max(1, (lastMs - firstMs) / LASTS_MS)
  const value = 'x'.repeat(Math.min(bytes, MAX_VALUE_BYTES))
  const times: number[] = []
  let hits = 0
  try {
    await client.connect()
    const startMs = nowMs()
    for (const { key, atMs } of taken) {
      if (signal.aborted) break
      const dueMs = startMs + (atMs - firstMs) / speed
      if (dueMs - nowMs() > 2)
        await new Promise<void>((resolve) => void clock.coarseAt(clock.nowNs() + (dueMs - nowMs()) * 1e6, resolve))
      const name = `${prefix}:${key}`
      const beginMs = nowMs()
      const known = await client.get(name)
      times.push(nowMs() - beginMs)
      if (known !== null) hits++
      else {
        own.add(name)
        await client.set(name, value, 'PX', Math.max(1, Math.round((ttlS * 1000) / speed)))
      }
    }
    return { reads: times.length, hits, speed, readMs: middleOf(times) as Middle }
  } finally {
    // Only what we put there, and it ends by itself too.
    for (const name of own) await client.unlink(name).catch(() => {})
    client.disconnect()
  }
}
