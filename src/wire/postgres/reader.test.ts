/** Against a real PostgreSQL where one is installed. */
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/targets/servers/postgres.mjs'
import { type Watched, watch } from '../testing/watch.js'

if (postgresMissing !== undefined) console.warn(`left out: ${postgresMissing}`)

describe.skipIf(postgresMissing !== undefined)('the wire proxy before PostgreSQL', () => {
  let server: PostgresServer
  let watched: Watched
  let client: Client
  beforeAll(async () => {
    server = await startPostgres({ settings: { password_encryption: 'scram-sha-256' } })
    server.sql('create table item (id int primary key, name text)')
    server.sql('insert into item select n, n from generate_series(1, 1000) n')
    watched = await watch('postgres', server.url)
    client = new Client({ connectionString: watched.url })
    await client.connect()
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await watched.proxy.close()
    await server.stop()
  })

  it('tells simple and extended statements with parameters, rows and one family', async () => {
    watched.seen.length = 0
    await client.query("select * from item where id < 5 and name <> 'x'")
    await client.query('select * from item where id = $1', [7])
    await client.query('select * from item where id = $1', [8])
    await client.query('select * from item where id = $1', [8])
    const [simple, first, second, third] = watched.seen
    expect(simple).toMatchObject({ rows: 4, family: 'select * from item where id < ? and name <> ?' })
    expect(first).toMatchObject({ rows: 1, params: ['7'], family: 'select * from item where id = $1' })
    expect(first?.paramsHash).not.toBe(second?.paramsHash)
    expect(second?.paramsHash).toBe(third?.paramsHash)
    expect(second?.answerHash).toBe(third?.answerHash)
    expect(first?.answerHash).not.toBe(second?.answerHash)
    expect(first?.endMs).toBeGreaterThan(first?.startMs ?? Infinity)
  })

  it('follows a named statement that is prepared once and executed often', async () => {
    watched.seen.length = 0
    for (let n = 0; n < 3; n++)
      await client.query({ name: 'by-id', text: 'select name from item where id = $1', values: [n] })
    expect(watched.seen.map(({ family, params }) => [family, params])).toEqual(
      [0, 1, 2].map((n) => ['select name from item where id = $1', [String(n)]]),
    )
  })

  it('tells which of several statements failed, and those after it', async () => {
    watched.seen.length = 0
    await expect(client.query('select * from nowhere where id = $1', [1])).rejects.toThrow(/nowhere/)
    await expect(client.query('select 1/$1::int', [0])).rejects.toThrow(/zero/)
    await client.query('begin')
    await client.query('select 1')
    await client.query('rollback')
    expect(watched.seen.map(({ error }) => error)).toEqual([
      '42P01 relation "nowhere" does not exist',
      '22012 division by zero',
      undefined,
      undefined,
      undefined,
    ])
    expect(watched.seen.find(({ text }) => text === 'select 1')?.inTransaction).toBe(true)
    expect(watched.seen.at(-1)?.inTransaction).toBe(false)
  })

  it('passes many concurrent connections and large answers on, byte for byte', async () => {
    const direct = new Client({ connectionString: server.url })
    await direct.connect()
    const sql = 'select n, repeat(md5(n::text), 40) as text from generate_series(1, 3000) n'
    const expected = (await direct.query(sql)).rows
    await direct.end()
    const pool = new Pool({ connectionString: watched.url, max: 8 })
    const answers = await Promise.all(Array.from({ length: 24 }, () => pool.query(sql)))
    await pool.end()
    for (const { rows } of answers) expect(rows).toEqual(expected)
    expect(watched.proxy.counts.unreadConnections).toBe(0)
  }, 60_000)

  it('lets SCRAM through, and tells a client that insists on TLS', async () => {
    server.sql("create role app login password 'secret'")
    const url = new URL(watched.url)
    url.username = 'app'
    url.password = 'secret'
    const scram = new Client({ connectionString: url.href })
    await scram.connect()
    expect((await scram.query('select current_user as who')).rows).toEqual([{ who: 'app' }])
    await scram.end()
    const strict = new Client({ connectionString: watched.url, ssl: { rejectUnauthorized: false } })
    await expect(strict.connect()).rejects.toThrow(/SSL/)
    await strict.end().catch(() => {})
    await expect.poll(() => watched.proxy.counts.reasons.join()).toMatch(/insists on TLS/)
  })

  it('holds answers back when told, once for each round trip', async () => {
    watched.proxy.delayMs = 40
    watched.seen.length = 0
    const before = performance.now()
    for (let n = 0; n < 3; n++) await client.query('select $1::int', [n])
    watched.proxy.delayMs = 0
    // Not less: a timer is never early. How much more is the machine's affair.
    expect(performance.now() - before).toBeGreaterThanOrEqual(3 * 40 - 3)
    expect(watched.seen).toHaveLength(3)
  })

  it('keeps the order of a large answer that is held back, also when the delay changes in the middle of it', async () => {
    const sql = 'select n, repeat(md5(n::text), 30) as text from generate_series(1, 4000) n'
    watched.proxy.delayMs = 5
    const held = client.query(sql)
    const free = client.query(sql).then((answer) => answer)
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
    watched.proxy.delayMs = 0
    const direct = new Client({ connectionString: server.url })
    await direct.connect()
    const { rows } = await direct.query(sql)
    await direct.end()
    expect((await held).rows).toEqual(rows)
    expect((await free).rows).toEqual(rows)
  })
})
