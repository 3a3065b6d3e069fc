/** Against a real redis-server where one is installed. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, redisMissing, startRedis } from '../../../../test/targets/servers/redis.mjs'
import { tagged, testContext } from '../testing/context.js'
import { createRedisCollector } from './index.js'

if (redisMissing !== undefined) console.warn(`left out: ${redisMissing}`)

describe.skipIf(redisMissing !== undefined)('the collector of Redis', () => {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await startRedis({ settings: { 'slowlog-log-slower-than': '10000', 'latency-monitor-threshold': '5' } })
    client = new Redis(server.url)
  }, 60_000)
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  it('counts the commands of others and not its own, with time by command, hits, keys and clients', async () => {
    await client.set('there', '1')
    const context = testContext()
    const collector = createRedisCollector(server.url)
    await collector.open(context)
    expect(collector.describes).toMatch(/^Redis \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+$/)
    context.tick()
    await collector.read()
    for (let n = 0; n < 30; n++) await client.get('there')
    for (let n = 0; n < 10; n++) await client.get('not there')
    await client.call('nonsense').catch(() => {})
    context.tick()
    const readings = await collector.read()
    expect(readings['command_calls_per_s']).toEqual([{ tags: { command: 'get' }, value: 40 }])
    expect(tagged(readings, 'command_ms_per_s', { command: 'get' })).toBeGreaterThan(0)
    expect(readings['commands_per_s']).toBe(40)
    expect(readings['hit_ratio']).toBe(0.75)
    expect(readings['error_replies_per_s']).toBe(1)
    expect(readings).toMatchObject({ clients: 1, clients_blocked: 0, clients_limit: 10000, keys: 1 })
    expect(readings['memory_limit_bytes']).toBeUndefined()
    expect(readings['memory_bytes']).toBeGreaterThan(100_000)
    expect(readings['cpu_cores']).toBeGreaterThanOrEqual(0)

    context.tick()
    const quiet = await collector.read()
    expect(quiet).toMatchObject({ commands_per_s: 0, command_calls_per_s: undefined, hit_ratio: undefined })
    expect(collector.cost?.()['statementsPerS']).toBeGreaterThan(2)
    expect(collector.cost?.()['targetMsPerS']).toBeGreaterThan(0)
    await collector.close()
  })

  it('tells new entries of the slow log and spikes of the latency monitor, without the values of a command', async () => {
    await client.eval('for i = 1, 9000000 do end', 0)
    await client.latency('RESET')
    const context = testContext()
    const collector = createRedisCollector(server.url)
    await collector.open(context)
    context.tick()
    expect((await collector.read())['slow_commands_per_s']).toBe(0)
    await client.eval('local n = 0 for i = 1, 9000000 do n = n + i end return n', 0, 'secret')
    await client.eval("for i = 1, 9000000 do end redis.call('set', KEYS[1], ARGV[1])", 1, 'key', 'secret')
    context.tick()
    const readings = await collector.read()
    expect(readings['slow_commands_per_s']).toBe(2)
    const told = context.told('slow-command')
    expect(told.map((one) => one['command'])).toEqual([
      'eval local n = 0 for i = 1, 9000000 do n = n + i end return n (+2 arguments)',
      "eval for i = 1, 9000000 do end redis.call('set', KEYS[1], ARGV[1]) (+3 arguments)",
    ])
    expect(Number(told[0]?.['ms'])).toBeGreaterThanOrEqual(10)
    expect(tagged(readings, 'latency_event_ms', { event: 'command' })).toBeGreaterThanOrEqual(10)
    context.tick()
    expect(await collector.read()).toMatchObject({ slow_commands_per_s: 0, latency_event_ms: undefined })
    await collector.close()
  })

  it('counts evictions against the limit', async () => {
    await client.config('SET', 'maxmemory', String(4_000_000), 'maxmemory-policy', 'allkeys-lru')
    const context = testContext()
    const collector = createRedisCollector(server.url)
    await collector.open(context)
    for (let n = 0; n < 50; n++) await client.set(`big-${n}`, 'x'.repeat(100_000))
    context.tick()
    const readings = await collector.read()
    expect(readings['memory_limit_bytes']).toBe(4_000_000)
    expect(readings['evictions_per_s']).toBeGreaterThan(5)
    await client.config('SET', 'maxmemory', '0')
    await collector.close()
  })

  it('reads what an account may see, and names the rest', async () => {
    await client.call('acl', 'setuser', 'eye', 'on', '>pass', '+ping', '+info')
    const context = testContext()
    const uri = server.url.replace('redis://', 'redis://eye:pass@')
    const collector = createRedisCollector(uri)
    await collector.open(context)
    context.tick()
    expect((await collector.read())['keys']).toBeGreaterThan(0)
    const why = context.told('collector').map((one) => String(one['why']))
    expect(why).toEqual([expect.stringContaining('SLOWLOG'), expect.stringContaining('LATENCY')])
    context.tick()
    await collector.read()
    expect(context.told('collector')).toHaveLength(2)
    await collector.close()
  })

  it('needs the password, says so, never repeats it, and can be opened again', async () => {
    const own = await startRedis({ settings: { requirepass: 'right one' } })
    const open = (uri: string): Promise<unknown> =>
      createRedisCollector(uri)
        .open(testContext())
        .catch((error: unknown) => error)
    const wrong = (await open(own.url.replace('right', 'wrong'))) as Error
    expect(wrong).toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE', fix: expect.stringContaining('ACL SETUSER') })
    expect(wrong.message).toContain('WRONGPASS')
    expect(wrong.message).not.toContain('wrong%20one')
    expect(await open(`redis://127.0.0.1:${own.port}`)).toMatchObject({ message: expect.stringContaining('NOAUTH') })
    expect(await open('redis://127.0.0.1:1')).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })

    const context = testContext()
    const collector = createRedisCollector(own.url)
    await collector.open(context)
    own.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect(collector.read()).rejects.toThrow()
    await collector.close()
    await collector.open(context)
    context.tick()
    expect((await collector.read())['keys']).toBe(0)
    await collector.close()
    await own.stop()
  })
})
