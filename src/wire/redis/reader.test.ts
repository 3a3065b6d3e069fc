import { Redis } from 'ioredis'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, redisMissing, startRedis } from '../../../test/targets/servers/redis.mjs'
import { type Watched, watch } from '../testing/watch.js'
import { CommandCutter } from './command.js'
import { keyPattern } from './reader.js'
import { ReplyCutter } from './reply.js'

if (redisMissing !== undefined) console.warn(`left out: ${redisMissing}`)

describe.skipIf(redisMissing !== undefined)('the wire proxy before Redis', () => {
  let server: RedisServer
  let watched: Watched
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    watched = await watch('redis', server.url)
    client = new Redis(watched.url)
    await client.ping()
  }, 60_000)
  afterAll(async () => {
    client.disconnect()
    await watched.proxy.close()
    await server.stop()
  })

  it('tells commands, also of a pipeline, with the pattern of their keys and the same answers by hash', async () => {
    watched.seen.length = 0
    await client.set('cart:17', 'x'.repeat(100_000))
    const pipeline = client.pipeline()
    for (let n = 0; n < 3; n++) pipeline.get(`cart:${n === 2 ? 17 : 17 + n}`)
    pipeline.hset('user:1', { a: '1', b: '2' })
    pipeline.hgetall('user:1')
    await pipeline.exec()
    expect(watched.seen.map(({ family, rows }) => [family, rows])).toEqual([
      ['SET cart:?', 1],
      ['GET cart:?', 1],
      ['GET cart:?', 0],
      ['GET cart:?', 1],
      ['HSET user:?', 1],
      ['HGETALL user:?', 4],
    ])
    expect(watched.seen[1]?.answerHash).toBe(watched.seen[3]?.answerHash)
    expect(watched.seen[1]?.bytes).toBeGreaterThan(100_000)
  })

  it('tells errors, transactions, and leaves a subscribing connection alone', async () => {
    watched.seen.length = 0
    await expect(client.call('NOSUCH', 'a')).rejects.toThrow(/unknown/)
    await client.multi().set('a', '1').get('a').exec()
    expect(watched.seen.find(({ family }) => family.startsWith('NOSUCH'))?.error).toMatch(/unknown command/)
    expect(watched.seen.filter(({ inTransaction }) => inTransaction).map(({ family }) => family)).toEqual([
      'MULTI',
      'SET a',
      'GET a',
    ])
    const subscriber = new Redis(watched.url)
    const heard = new Promise((resolve) => subscriber.on('message', (_channel, text) => resolve(text)))
    await subscriber.subscribe('news')
    await client.publish('news', 'hello')
    expect(await heard).toBe('hello')
    subscriber.disconnect()
    expect(watched.proxy.counts.unreadConnections).toBe(0)
  })
})

describe('RESP', () => {
  it('cuts commands and replies the same wherever the stream is cut', () => {
    const commands = Buffer.from('*2\r\n$3\r\nGET\r\n$6\r\ncart:1\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n')
    const replies = Buffer.from(
      '$-1\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n%1\r\n+k\r\n,1.5\r\n|1\r\n+ttl\r\n:3\r\n$2\r\nok\r\n>2\r\n+x\r\n+y\r\n-ERR no\r\n*0\r\n_\r\n',
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
        const words: (readonly string[])[] = []
        const found: unknown[] = []
        const asks = new CommandCutter((one) => void words.push(one))
        const answers = new ReplyCutter({
          bytes: () => {},
          reply: ({ bytes, elements, error, isPush }) => void found.push([bytes, elements, error, isPush]),
        })
        for (const [stream, cutter] of [
          [commands, asks],
          [replies, answers],
        ] as const) {
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] as number
            cutter.take(stream.subarray(at, at + size))
            at += size
          }
        }
        expect(words).toEqual([['GET', 'cart:1'], ['PING'], ['QUIT']])
        expect(found).toEqual([
          [5, 0, undefined, false],
          [19, 2, undefined, false],
          [14, 2, undefined, false],
          [22, 1, undefined, false],
          [12, 2, undefined, true],
          [9, 1, 'ERR no', false].with(1, 0),
          [4, 0, undefined, false],
          [3, 0, undefined, false],
        ])
      }),
    )
  })

  it('makes one pattern of keys that differ in numbers, ids and addresses', () => {
    expect(keyPattern('cart:12:items')).toBe('cart:?:items')
    expect(keyPattern('session:550e8400-e29b-41d4-a716-446655440000')).toBe('session:?')
    expect(keyPattern('user:ann@example.com')).toBe('user:?')
    expect(keyPattern('token:deadbeef00112233')).toBe('token:?')
  })
})
