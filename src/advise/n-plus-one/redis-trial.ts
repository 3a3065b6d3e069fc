/** The recorded commands once more on the real Redis, one by one and in a pipeline. Only commands that read. */
import { nowMs } from '#base/clock.js'
import type { Exchange } from '#wire/types.js'
import { type Middle, middleOf } from '../measure.js'

export interface RedisLoopTrial {
  readonly count: number
  readonly isSame: boolean
  readonly eachMs: Middle
  readonly onceMs: Middle
}

const ROUNDS = 7
const MOST = 200
const reads = /^(GET|HGET|HGETALL|HMGET|LRANGE|SMEMBERS|SISMEMBER|ZRANGE|ZSCORE|EXISTS|TTL|LLEN|SCARD|ZCARD|STRLEN)$/

/** @returns why it was not tried */
export async function tryAtOnce(uri: string, exchanges: readonly Exchange[]): Promise<RedisLoopTrial | string> {
  const commands = exchanges
    .slice(0, MOST)
    .map(({ text, params }) => [text.split(' ')[0]?.toUpperCase() ?? '', ...params.map((one) => one ?? '')])
  if (!commands.every(([name]) => reads.test(name ?? ''))) return 'the commands write, so they were not run again'
  const { Redis } = await import('ioredis')
  const client = new Redis(uri, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
  })
  client.on('error', () => {})
  const [eachMs, onceMs]: [number[], number[]] = [[], []]
  let isSame = true
  try {
    await client.connect()
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = nowMs()
      const each: unknown[] = []
      for (const [name, ...rest] of commands) each.push(await client.call(name as string, ...rest))
      const middleMs = nowMs()
      const answers = await client.pipeline(commands.map(([name, ...rest]) => ['call', name as string, ...rest])).exec()
      onceMs.push(nowMs() - middleMs)
      eachMs.push(middleMs - startMs)
      isSame &&= JSON.stringify(each) === JSON.stringify(answers?.map(([, value]) => value))
    }
    return { count: commands.length, isSame, eachMs: middleOf(eachMs) as Middle, onceMs: middleOf(onceMs) as Middle }
  } catch (error) {
    return `Redis refused it: ${(error as Error).message.slice(0, 200)}`
  } finally {
    client.disconnect()
  }
}
