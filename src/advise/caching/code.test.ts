/** The code that is advised, run as it stands, against a real redis-server where one is installed. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, redisMissing, startRedis } from '../../../test/targets/servers/redis.mjs'
import { cacheCode } from './code.js'

if (redisMissing !== undefined) console.warn(`left out: ${redisMissing}`)
const hasPython = spawnSync('python3', ['-c', 'import redis']).status === 0
if (!hasPython) console.warn('left out: Python with its driver: pip install redis')

describe.skipIf(redisMissing !== undefined)('the code for caching', () => {
  let server: RedisServer
  // Below node_modules, so that the driver is found from there.
  const cache = fileURLToPath(new URL('../../../node_modules/.cache', import.meta.url))
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'perfwright-code-'))
  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const run = (program: string, file: string, text: string): unknown => {
    const path = join(dir, file)
    writeFileSync(path, text)
    const done = spawnSync(program, [path], {
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, REDIS_URL: server.url },
    })
    if (done.status !== 0) throw new Error(done.stderr)
    return JSON.parse(done.stdout)
  }

  it('in JavaScript loads once for all who ask, keeps it for the TTL, and forgets', () => {
    const code = cacheCode('javascript', 'shop', 60).text
    const answer = run(
      process.execPath,
      'cached.mjs',
      `${code}
let loads = 0
const load = async () => {
  loads++
  await new Promise((resolve) => setTimeout(resolve, 20))
  return { loads }
}
const all = await Promise.all(Array.from({ length: 20 }, () => cached('a', load)))
const again = await cached('a', load)
const ttl = await redis.pttl('shop:a')
await forget('a')
const fresh = await cached('a', load)
redis.disconnect()
const without = await cached('a', load)
console.log(JSON.stringify({ values: new Set(all.map((one) => one.loads)).size, again, ttl, fresh, without }))
process.exit(0)`,
    ) as { values: number; ttl: number }
    expect(answer).toMatchObject({ values: 1, again: { loads: 1 }, fresh: { loads: 2 }, without: { loads: 3 } })
    expect(answer.ttl).toBeGreaterThan(50_000)
    expect(answer.ttl).toBeLessThanOrEqual(66_000)
  })

  it.skipIf(!hasPython)('in Python loads once for all threads that ask, keeps it, and forgets', () => {
    const code = cacheCode('python', 'shop-py', 60).text
    const answer = run(
      'python3',
      'cached.py',
      `${code}
import time
from concurrent.futures import ThreadPoolExecutor

loads = [0]


def load():
    loads[0] += 1
    time.sleep(0.02)
    return {"loads": loads[0]}


with ThreadPoolExecutor(20) as pool:
    values = list(pool.map(lambda _: cached("a", load)["loads"], range(20)))
again = cached("a", load)
ttl = client.pttl("shop-py:a")
forget("a")
fresh = cached("a", load)
print(json.dumps({"values": len(set(values)), "again": again, "ttl": ttl, "fresh": fresh}))`,
    ) as { values: number; ttl: number }
    expect(answer).toMatchObject({ values: 1, again: { loads: 1 }, fresh: { loads: 2 } })
    expect(answer.ttl).toBeGreaterThan(50_000)
  })
})
