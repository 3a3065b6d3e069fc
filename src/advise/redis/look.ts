/** What a running Redis tells of itself and its keys, read in small steps: SCAN, never KEYS; a limit of keys and of time. */
import { nowMs } from '#base/clock.js'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { keyPattern } from '#wire/redis/reader.js'

export interface KeyFacts {
  readonly key: string
  readonly type: string
  readonly bytes: number
  readonly elements: number
  /** Milliseconds; -1: it never ends. */
  readonly ttlMs: number
  /** Logarithmic access counter of an LFU policy. */
  readonly frequency: number | undefined
}

export interface RedisLook {
  readonly version: string
  readonly info: ReadonlyMap<string, string>
  /** Calls and microseconds since the server's start, by command. */
  readonly commands: ReadonlyMap<string, { readonly calls: number; readonly usec: number }>
  readonly slow: readonly { readonly usec: number; readonly words: readonly string[] }[]
  readonly keyCount: number
  readonly keys: readonly KeyFacts[]
}

const MOST_KEYS = 5_000
const LASTS_MS = 5_000
const STEP = 200

/** @throws PW_ADVISE_DATABASE */
export async function lookAt(uri: string, signal: AbortSignal): Promise<RedisLook> {
  const { Redis } = await import('ioredis')
  const client = new Redis(uri, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    commandTimeout: 10_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const info = pairs(await client.info())
    const commands = new Map(
      [...pairs(await client.info('commandstats'))].map(([name, text]) => [
        name.replace(/^cmdstat_/, ''),
        { calls: Number(/calls=(\d+)/.exec(text)?.[1] ?? 0), usec: Number(/usec=(\d+)/.exec(text)?.[1] ?? 0) },
      ]),
    )
    const entries = (await client.call('SLOWLOG', 'GET', '128').catch(() => [])) as unknown[]
    const slow = entries.flatMap((entry) => {
      const [, , usec, words] = Array.isArray(entry) ? (entry as unknown[]) : []
      return Array.isArray(words)
        ? [{ usec: Number(usec), words: words.map((word) => String(word).slice(0, 200)) }]
        : []
    })
    const isLfu = /lfu/.test(info.get('maxmemory_policy') ?? '')
    const keys: KeyFacts[] = []
    const untilMs = nowMs() + LASTS_MS
    let cursor = '0'
    do {
      const [next, names] = await client.scan(cursor, 'COUNT', STEP)
      cursor = next
      const facts = names.length === 0 ? [] : await factsOf(client, names, isLfu)
      keys.push(...facts)
    } while (cursor !== '0' && keys.length < MOST_KEYS && nowMs() < untilMs && !signal.aborted)
    return { version: info.get('redis_version') ?? '?', info, commands, slow, keyCount: await client.dbsize(), keys }
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_ADVISE_DATABASE',
      message: `Redis cannot be asked: ${(error as Error).message}.`,
      where: '--db',
      fix: 'Check host, port and password; INFO, SCAN, TYPE, PTTL, MEMORY USAGE and SLOWLOG are what is asked.',
      exitCode: ExitCode.targetUnusable,
      cause: error,
    })
  } finally {
    client.disconnect()
  }
}

type Client = import('ioredis').Redis

async function factsOf(client: Client, names: readonly string[], isLfu: boolean): Promise<KeyFacts[]> {
  const first = client.pipeline()
  for (const name of names) {
    first.type(name)
    first.pttl(name)
    first.call('MEMORY', 'USAGE', name)
    if (isLfu) first.call('OBJECT', 'FREQ', name)
  }
  const answers = ((await first.exec()) ?? []).map(([, value]) => value)
  const width = isLfu ? 4 : 3
  const counts = client.pipeline()
  const counters: Readonly<Record<string, string>> = {
    list: 'LLEN',
    set: 'SCARD',
    zset: 'ZCARD',
    hash: 'HLEN',
    stream: 'XLEN',
  }
  for (const [i, name] of names.entries()) counts.call(counters[String(answers[i * width])] ?? 'STRLEN', name)
  const lengths = ((await counts.exec()) ?? []).map(([, value]) => value)
  return names.map((key, i) => {
    const [type, ttl, size, frequency] = answers.slice(i * width, (i + 1) * width)
    const isText = type === 'string'
    return {
      key,
      type: String(type),
      ttlMs: Number(ttl ?? -2),
      bytes: Number(size ?? 0),
      elements: isText ? 1 : Number(lengths[i] ?? 0) || 0,
      frequency: isLfu ? Number(frequency ?? 0) : undefined,
    }
  })
}

function pairs(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 1 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]]
    }),
  )
}

/** Keys by what they have in common. */
export function byPattern(keys: readonly KeyFacts[]): Map<string, KeyFacts[]> {
  const groups = new Map<string, KeyFacts[]>()
  for (const one of keys) {
    const pattern = keyPattern(one.key)
    const list = groups.get(pattern)
    if (list === undefined) groups.set(pattern, [one])
    else list.push(one)
  }
  return groups
}
