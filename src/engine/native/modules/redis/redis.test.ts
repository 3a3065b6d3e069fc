import { readFileSync } from 'node:fs'
import * as ioredis from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestScope, type TestScope } from '../data/testing/scope.js'
import { createRedisModule } from './index.js'
import { readRedisOptions } from './options.js'
import { hasRedis, type RedisServer, startRedis, startSentinel } from './testing/server.js'

if (!hasRedis) process.stderr.write('redis: tests with a real server are left out (apt-get install redis-server)\n')

const network = {
  hosts: {} as Record<string, string>,
  blockHostnames: [] as string[],
  blacklistIPs: [] as string[],
  dns: { ttlMs: 1000, select: 'first', policy: 'preferIPv4' },
  insecureSkipTLSVerify: false,
  localIPs: undefined,
}
let servers: RedisServer[] = []
let scopes: TestScope[] = []

afterEach(async () => {
  await Promise.all(scopes.map((scope) => scope.close()))
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  scopes = []
})

async function server(start: Promise<RedisServer>): Promise<RedisServer> {
  const started = await start
  servers.push(started)
  return started
}

/** Evaluates an async function's body with `Client`; `show(f)` answers its value as JSON, or the text of its rejection. */
async function script(body: string, options: Partial<typeof network> = {}, values: object = {}): Promise<unknown> {
  const scope = Object.assign(createTestScope(), { options: { ...network, ...options }, dataSent: 0, dataReceived: 0 })
  scope.phase = 'vu'
  scopes.push(scope as unknown as TestScope)
  const { Client } = createRedisModule(scope as never, ioredis)
  const answer = await scope.run(
    `(async () => { const show = async (f) => { try { return await f() } catch (e) { return 'rejected: ' + String(e) } }; ${body} })()`,
    { Client, ...values },
  )
  return JSON.parse(JSON.stringify(answer ?? null))
}

describe('the options of a redis client', () => {
  it('are read from a URL', () => {
    expect(
      readRedisOptions('rediss://me:p%40ss@h:1234/3?max_retries=5&dial_timeout=2s&read_timeout=50ms'),
    ).toMatchObject({
      kind: 'single',
      nodes: [{ host: 'h', port: 1234 }],
      username: 'me',
      password: 'p@ss',
      database: 3,
      maxRetries: 5,
      dialTimeoutMs: 2000,
      readTimeoutMs: 50,
      tls: { ca: [], cert: '', key: '' },
    })
    expect(readRedisOptions('redis://').nodes).toEqual([{ host: 'localhost', port: 6379 }])
  })

  it('are read from objects: one server, a cluster, a sentinel', () => {
    const node = { username: 'u', database: 2, socket: { host: 'h', port: 1, tls: { ca: ['x'], cert: 'c', key: 'k' } } }
    expect(readRedisOptions(node)).toMatchObject({
      kind: 'single',
      database: 2,
      tls: { ca: ['x'], cert: 'c', key: 'k' },
    })
    expect(
      readRedisOptions({ cluster: { maxRedirects: 9, readOnly: true, nodes: ['redis://a:1', 'redis://b:2'] } }),
    ).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      maxRedirects: 9,
      readOnly: true,
    })
    expect(readRedisOptions({ cluster: { nodes: [node] } }).nodes).toEqual([{ host: 'h', port: 1 }])
    expect(readRedisOptions({ ...node, masterName: 'm', sentinelPassword: 's' })).toMatchObject({
      kind: 'sentinel',
      masterName: 'm',
      sentinelPassword: 's',
    })
  })

  // The other refusals stand in test/conformance/scripts/redis.js, beside k6's own.
  it.each([
    [undefined, 'invalid options type: <nil>; expected string or object'],
    [[], 'invalid options type: []interface {}; expected string or object'],
    [{}, 'invalid options; reason: empty socket options'],
    [
      { socket: { port: 1.5 } },
      'cannot unmarshal number 1.5 into Go struct field socketOptions.socket.port of type int',
    ],
    ['redis://h/1/2', 'redis: invalid URL path: /1/2'],
    ['redis://h?max_retries=x', 'redis: invalid max_retries number: "x"'],
  ])('refuse %j', (options, message) => {
    expect(() => readRedisOptions(options)).toThrow(message)
  })
})

describe('a redis client', () => {
  it('does not connect in the init context', async () => {
    const scope = createTestScope()
    const { Client } = createRedisModule(scope as never, ioredis)
    const text = await scope.run(`new Client('redis://h').get('a').catch((e) => String(e))`, { Client })
    expect(text).toBe('connecting to a redis server in the init context is not supported')
  })

  it("keeps to the run's rules for names and addresses, and says in Go's words what failed", async () => {
    const rules = { blacklistIPs: ['10.0.0.0/8'], blockHostnames: ['blocked.test'] }
    const ask = (url: string): Promise<unknown> =>
      script(`return show(() => new Client({ socket: { host: h, port: 1 }, maxRetries: -1 }).get('a'))`, rules, {
        h: url,
      })
    expect(await ask('10.1.2.3')).toBe('rejected: IP (10.1.2.3) is in a blacklisted range (10.0.0.0/8)')
    expect(await ask('blocked.test')).toBe('rejected: hostname (blocked.test) is in a blocked pattern (blocked.test)')
    expect(await ask('127.0.0.1')).toBe('rejected: dial tcp 127.0.0.1:1: connect: connection refused')
  })
})

describe.skipIf(!hasRedis)('with a real server', () => {
  it('reaches it by a name of `hosts`, selects the database, and counts the bytes', async () => {
    const { port, cli } = await server(startRedis())
    const answer = await script(
      `const c = new Client('redis://my.redis:1/3'); await c.set('k', 'v'); return c.get('k')`,
      {
        hosts: { 'my.redis': `127.0.0.1:${port}` },
      },
    )
    expect(answer).toBe('v')
    expect(cli('-n', '3', 'GET', 'k')).toBe('v')
    expect(scopes[0]?.dataSent).toBeGreaterThan(50)
    expect(scopes[0]?.dataReceived).toBeGreaterThan(10)
  })

  it('gives each VU a connection of its own, and ends it with the VU', async () => {
    const { port, cli } = await server(startRedis())
    const connections = (): number => cli('CLIENT', 'LIST').split('\n').length - 1
    for (let i = 0; i < 3; i++)
      await script(`return new Client(url).incr('n')`, {}, { url: `redis://127.0.0.1:${port}` })
    expect(connections()).toBe(3)
    await Promise.all(scopes.map((scope) => scope.close()))
    await expect.poll(connections).toBe(0)
  })

  it('answers objects, arrays and promises of the realm', async () => {
    const { port } = await server(startRedis())
    const seen = await script(
      `const c = new Client(url); const p = c.hset('h', 'f', 'v'); const promise = p instanceof Promise; await p
       const [hash, list] = [await c.hgetall('h'), await c.mget('none')]
       return [promise, hash instanceof Object, list instanceof Array, hash, list]`,
      {},
      { url: `redis://127.0.0.1:${port}` },
    )
    expect(seen).toEqual([true, true, true, { f: 'v' }, [null]])
  })

  it('logs in, and rejects with the words of the server when it may not', async () => {
    const { port } = await server(startRedis('password'))
    const ask = `return show(() => new Client({ password, maxRetries: -1, socket: { host: '127.0.0.1', port } }).set('a', 1))`
    expect(await script(ask, {}, { port, password: 'pass word' })).toBe('OK')
    expect(await script(ask, {}, { port, password: 'wrong' })).toMatch(/^rejected: (WRONGPASS|NOAUTH)/)
  })

  it('speaks TLS with an authority of its own, and refuses one that it does not know', async () => {
    const { port, ca } = await server(startRedis('tls'))
    const ask = `return show(() => new Client({ maxRetries: -1, socket: { host: 'localhost', port, tls: { ca } } }).sendCommand('PING'))`
    expect(await script(ask, {}, { port, ca: [readFileSync(ca, 'utf8')] })).toBe('PONG')
    expect(await script(ask, {}, { port, ca: [] })).toMatch(/^rejected: tls: failed to verify certificate/)
    expect(await script(ask, { insecureSkipTLSVerify: true }, { port, ca: [] })).toBe('PONG')
  })

  it('finds the nodes of a cluster', async () => {
    const { port } = await server(startRedis('cluster'))
    const answer = await script(
      `const c = new Client({ cluster: { nodes: [url] } }); for (const k of 'abcdef') await c.set(k, k); return c.get('f')`,
      {},
      { url: `redis://127.0.0.1:${port}` },
    )
    expect(answer).toBe('f')
  })

  it('asks a sentinel for the master', async () => {
    const master = await server(startRedis())
    const sentinel = await server(startSentinel(master.port))
    const ask = `return show(() => new Client({ masterName, maxRetries: -1, socket: { host: '127.0.0.1', port } }).set('k', 'v'))`
    expect(await script(ask, {}, { masterName: 'mymaster', port: sentinel.port })).toBe('OK')
    expect(master.cli('GET', 'k')).toBe('v')
    expect(await script(ask, {}, { masterName: 'other', port: sentinel.port })).toMatch(
      /^rejected: redis: all sentinels/,
    )
  })

  it('rejects what was under way when the server dies', async () => {
    const { port, stop } = await startRedis()
    const text = script(
      `const c = new Client(url); await c.set('a', 1); kill(); return show(() => c.sendCommand('BLPOP', 'none', 60))`,
      {},
      { url: `redis://127.0.0.1:${port}?max_retries=1`, kill: () => void stop() },
    )
    expect(await text).toMatch(/^rejected: dial tcp 127\.0\.0\.1:\d+: connect: connection refused/)
  })
})
