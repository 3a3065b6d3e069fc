/** Redis itself: keys that are too big or too hot, commands that take longer the more there is, no end, no room. */
import { bytes, number, percent } from '#diagnose/finding.js'
import { keyPattern } from '#wire/redis/reader.js'
import type { Exchange } from '#wire/types.js'
import { makeAdvice, notAssessed } from '../advice.js'
import type { AdviseInput, Advice, Advisor } from '../types.js'
import { byPattern, lookAt, type RedisLook } from './look.js'

/** redis.io's own lines for a big key: 1 MB, or a collection of thousands. */
const bigBytes = 1_000_000
const bigElements = 5_000
const hotShare = 0.2
const slowUsec = 10_000
const lowHitRatio = 0.8
const fewestLookups = 1_000
const fewestKeys = 100

/** Their time grows with the number of elements (redis.io/commands, "Time complexity"). */
const linear =
  /^(KEYS|SMEMBERS|HGETALL|HVALS|HKEYS|LRANGE|SORT|SUNION|SINTER|SDIFF|ZRANGE|ZRANGEBYSCORE|FLUSHALL|FLUSHDB|DEL|MGET|LREM|LINSERT)$/
/** In a service never, however few keys there are today. */
const never = /^(keys|flushall|flushdb)$/

export const redisKeys: Advisor = {
  name: 'redis',
  kinds: ['slow-query', 'memory-leak', 'cacheable-read'],
  explains: `A running Redis (--db redis://): keys over ${bytes(bigBytes)} or ${number(bigElements)} elements, KEYS and other O(n) commands, keys without an end by pattern, evictions, a hit ratio under ${percent(lowHitRatio)}, and with a load one key that takes ${percent(hotShare)} of the commands.`,
  async advise(input) {
    const targets = input.databases.filter(({ kind }) => kind === 'redis')
    if (targets.length === 0) return notAssessed('no Redis was named (--db redis://host)')
    const advice: Advice[] = []
    const fine: string[] = []
    for (const { uri } of targets) {
      const look = await lookAt(uri, input.signal)
      const found = [...bigKeys(look), ...linearCommands(look), ...endless(look), ...memory(look), ...hotKeys(input)]
      advice.push(...found)
      if (found.length === 0)
        fine.push(
          `Redis ${look.version}: ${number(look.keys.length)} of ${number(look.keyCount)} keys looked at, the largest ${bytes(Math.max(0, ...look.keys.map((one) => one.bytes)))}`,
        )
    }
    return { advice, fine, notAssessed: [] }
  },
}

const partly: Readonly<Record<string, string>> = {
  hash: 'HSCAN key 0 COUNT 100',
  set: 'SSCAN key 0 COUNT 100',
  zset: 'ZRANGE key 0 99',
  list: 'LRANGE key 0 99',
}

function bigKeys({ keys }: RedisLook): Advice[] {
  return [...byPattern(keys)].flatMap(([pattern, list]) => {
    const big = list.filter((one) => one.bytes > bigBytes || one.elements > bigElements)
    const largest = big.sort((a, b) => b.bytes - a.bytes)[0]
    if (largest === undefined) return []
    return [
      redisAdvice(
        'slow-query',
        'warning',
        `Redis keys ${pattern}: ${big.length} of ${list.length} big, the largest ${bytes(largest.bytes)} with ${number(largest.elements)} elements`,
        pattern,
        [
          [
            `${largest.type} of ${number(largest.elements)} elements, ${bytes(largest.bytes)}`,
            'MEMORY USAGE',
            largest.bytes,
            'bytes',
            bigBytes,
          ],
        ],
        'Split it by id or by time, read parts of it (HGET, HSCAN, ZRANGE with a limit), keep what is large elsewhere; delete such keys with UNLINK.',
        partly[largest.type] ?? 'GETRANGE key 0 999',
        'Code that reads all of it at once has to change.',
      ),
    ]
  })
}

function linearCommands({ commands, slow }: RedisLook): Advice[] {
  const bad = [...commands].filter(([name, { calls }]) => never.test(name) && calls > 0)
  const advice = bad.map(([name, { calls, usec }]) =>
    redisAdvice(
      'slow-query',
      'warning',
      `Redis ${name.toUpperCase()} was run ${number(calls)} times, ${(usec / Math.max(1, calls) / 1000).toFixed(1)} ms each: nothing else is served meanwhile`,
      `redis ${name.toUpperCase()}`,
      [[`${number(calls)} calls since the server started`, 'INFO commandstats', calls, 'calls', 0]],
      name === 'keys'
        ? 'SCAN in steps, or a set that holds the names.'
        : 'UNLINK of what is meant, or FLUSHDB ASYNC outside of service.',
      name === 'keys' ? 'SCAN 0 MATCH pattern COUNT 200' : 'FLUSHDB ASYNC',
      'SCAN may give a key twice, and takes several round trips.',
    ),
  )
  const dear = new Map<string, { count: number; usec: number }>()
  for (const { usec, words } of slow) {
    const name = (words[0] ?? '').toUpperCase()
    if (!linear.test(name) || never.test(name.toLowerCase()) || usec < slowUsec) continue
    const key = `${name} ${keyPattern(words[1] ?? '')}`
    const known = dear.get(key) ?? { count: 0, usec: 0 }
    dear.set(key, { count: known.count + 1, usec: Math.max(known.usec, usec) })
  }
  for (const [key, { count, usec }] of dear)
    advice.push(
      redisAdvice(
        'slow-query',
        'warning',
        `Redis ${key}: up to ${(usec / 1000).toFixed(0)} ms, in which nothing else is served`,
        `redis ${key}`,
        [[`${count} times in the slow log`, 'SLOWLOG', usec / 1000, 'ms', slowUsec / 1000]],
        'Ask for a part: a range with a limit, HSCAN or SSCAN in steps, or keep the answer beside.',
        'HSCAN key 0 COUNT 100',
        'Several round trips in place of one.',
      ),
    )
  return advice
}

function endless({ keys, info }: RedisLook): Advice[] {
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  // With a limit and an allkeys policy Redis makes room by itself.
  if (Number(info.get('maxmemory') ?? 0) > 0 && policy.startsWith('allkeys')) return []
  return [...byPattern(keys)].flatMap(([pattern, list]) => {
    const lasting = list.filter(({ ttlMs }) => ttlMs === -1)
    const isCacheLike =
      /(^|[:_-])(cache|cached|session|sess|token|otp|temp|tmp|lock|rate|limit|page|fragment)([:_-]|$)/i.test(pattern)
    const some = list.length - lasting.length
    // Keys of one pattern of which most end and some do not were forgotten; data that is kept on purpose has none that end.
    const isForgotten = some > 0 && lasting.length >= fewestKeys / 10
    if (lasting.length < fewestKeys && !isForgotten) return []
    if (!isCacheLike && !isForgotten) return []
    const total = lasting.reduce((sum, one) => sum + one.bytes, 0)
    return [
      redisAdvice(
        'memory-leak',
        'warning',
        `Redis keys ${pattern}: ${number(lasting.length)} of ${number(list.length)} never end, ${bytes(total)} in the sample`,
        pattern,
        [
          [
            `${number(lasting.length)} keys without TTL${isForgotten ? `, ${number(some)} of the same pattern with one` : ''}; policy ${policy}`,
            'PTTL',
            lasting.length,
            'keys',
            fewestKeys,
          ],
        ],
        'Set an end with the value (SET ... EX), also where a key is written anew: SET without EX takes an earlier TTL away.',
        'SET key value EX 3600',
        'What has ended has to be loaded again.',
      ),
    ]
  })
}

function memory({ info }: RedisLook): Advice[] {
  const value = (name: string): number => Number(info.get(name) ?? 0)
  const advice: Advice[] = []
  const lookups = value('keyspace_hits') + value('keyspace_misses')
  const ratio = lookups === 0 ? 1 : value('keyspace_hits') / lookups
  if (value('evicted_keys') > 0)
    advice.push(
      redisAdvice(
        'cacheable-read',
        'warning',
        `Redis threw ${number(value('evicted_keys'))} keys away for lack of room (${bytes(value('used_memory'))} of ${bytes(value('maxmemory'))})`,
        'redis memory',
        [
          [
            `evicted_keys ${number(value('evicted_keys'))}, hit ratio ${percent(ratio)}`,
            'INFO stats',
            value('evicted_keys'),
            'keys',
            0,
          ],
        ],
        'More memory, shorter TTLs, or smaller values; allkeys-lfu keeps what is read most.',
        'CONFIG SET maxmemory-policy allkeys-lfu',
        'Memory; a changed policy evicts other keys.',
      ),
    )
  else if (lookups >= fewestLookups && ratio < lowHitRatio)
    advice.push(
      redisAdvice(
        'cacheable-read',
        'warning',
        `Redis answers ${percent(1 - ratio)} of ${number(lookups)} lookups with nothing`,
        'redis hit ratio',
        [
          [
            `${number(value('keyspace_misses'))} misses since the server started`,
            'INFO stats',
            ratio,
            'ratio',
            lowHitRatio,
          ],
        ],
        'Longer TTLs where answers stay; also remember that there is nothing, for a short time; look whether keys are built alike on both sides.',
        'SET key "" EX 30',
        'What is remembered as absent appears later by so much.',
      ),
    )
  return advice
}

function hotKeys({ capture }: AdviseInput): Advice[] {
  const traffic = capture?.traffic
  const commands = traffic?.exchanges.filter(({ protocol, params }) => protocol === 'redis' && params.length > 0) ?? []
  if (traffic === undefined || commands.length < fewestLookups) return []
  const counts = new Map<string, Exchange[]>()
  for (const one of commands) counts.set(String(one.params[0]), [...(counts.get(String(one.params[0])) ?? []), one])
  return [...counts].flatMap(([key, list]) => {
    const share = list.length / commands.length
    if (share < hotShare) return []
    const perS = list.length / traffic.seconds
    return [
      redisAdvice(
        'slow-query',
        'info',
        `Redis key ${keyPattern(key)}: ${percent(share)} of all commands, ${number(perS)} a second`,
        `redis key ${keyPattern(key)}`,
        [
          [
            `${number(list.length)} of ${number(commands.length)} commands of the load`,
            'wire --load',
            share,
            'ratio',
            hotShare,
          ],
        ],
        'Keep it in the process for a second (client-side caching), or in several copies (key:1 to key:8) that readers choose among.',
        'CLIENT TRACKING ON',
        'Readers may see it a moment late.',
      ),
    ]
  })
}

type Seen = readonly [text: string, source: string, value: number, unit: string, threshold: number]

function redisAdvice(
  kind: 'slow-query' | 'memory-leak' | 'cacheable-read',
  severity: 'info' | 'warning',
  title: string,
  resource: string,
  seen: readonly Seen[],
  fix: string,
  statement: string,
  cost: string,
): Advice {
  return makeAdvice({
    advisor: 'redis',
    kind,
    severity,
    confidence: 0.9,
    title,
    where: { resource },
    evidence: seen.map(([text, source, value, unit, threshold]) => ({ text, source, value, unit, threshold })),
    fix,
    prove: 'perfwright advise --only redis --db redis://... after the change',
    share: null,
    advice: {
      changes: [{ form: 'statement', language: 'redis', text: statement }],
      gain: null,
      costs: [cost],
      verification: {
        state: 'observed',
        how: 'read from the running server; a Redis of others is not changed by us to try it',
      },
    },
  })
}
