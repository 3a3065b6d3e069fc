/** Against a real PostgreSQL where one is installed. */
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresMissing, startPostgres } from '../../../../test/targets/servers/postgres.mjs'
import { tagged, testContext } from '../testing/context.js'
import { createPostgresCollector } from './index.js'

if (postgresMissing !== undefined) console.warn(`left out: ${postgresMissing}`)

/** Statistics of a backend reach the shared ones when it is idle, a second after the last time. */
async function published(client: Client): Promise<void> {
  await client.query('select pg_sleep(1.1)')
  await client.query('select 1')
}

/** `PW_POSTGRES_BINS`: folders with `initdb` and `postgres` of other versions, separated by colons. */
const bins = (process.env['PW_POSTGRES_BINS'] ?? '').split(':').filter((bin) => bin !== '')
const installations = [undefined, ...bins] as const

describe.skipIf(postgresMissing !== undefined).each(installations)('the collector of PostgreSQL (%s)', (bin) => {
  const start = (more: { readonly statements?: boolean } = {}): Promise<PostgresServer> =>
    startPostgres({ ...more, ...(bin === undefined ? {} : { bin }) })

  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await start()
    client = new Client({ connectionString: server.url, application_name: 'shop' })
    await client.connect()
    await client.query(
      'create table item (id int primary key, name text); insert into item select n, n from generate_series(1, 1000) n; analyze',
    )
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  it('tells calls, time, rows and text of each statement, without its literals and without its own', async () => {
    const context = testContext()
    const collector = createPostgresCollector(server.url)
    await collector.open(context)
    for (let n = 0; n < 7; n++) await client.query(`select name from item where id < 11 and name <> 'secret-${n}'`)
    context.tick()
    const readings = await collector.read()
    const statement = context.told('statement').find((one) => String(one['sql']).includes('from item'))
    expect(statement?.['sql']).toBe('select name from item where id < $1 and name <> $2')
    const id = String(statement?.['id'])
    expect(tagged(readings, 'statement_calls_per_s', { id })).toBe(7)
    expect(tagged(readings, 'statement_rows_per_s', { id })).toBe(70)
    expect(tagged(readings, 'statement_ms_per_s', { id })).toBeGreaterThan(0)
    expect(tagged(readings, 'statement_blocks_per_s', { id })).toBeGreaterThan(0)
    expect(JSON.stringify(context.events)).not.toMatch(/secret|pg_stat/)
    expect(collector.describes).toMatch(/^PostgreSQL 1\d\.\d+ at 127\.0\.0\.1:\d+$/)

    context.tick()
    await collector.read()
    expect(collector.cost?.()['statementsPerS']).toBeGreaterThan(3)
    expect(collector.cost?.()['targetMsPerS']).toBeGreaterThan(0)
    await collector.close()
  })

  it('tells of sequential scans by table, cache hits, transactions and size', async () => {
    const context = testContext()
    const collector = createPostgresCollector(server.url)
    await published(client)
    await collector.open(context)
    for (let n = 0; n < 5; n++) await client.query("select count(*) from item where name like '%x%'")
    for (let n = 0; n < 100; n++) await client.query('select 1')
    await client.query('select * from item where id = 5')
    await published(client)
    context.tick()
    const readings = await collector.read()
    expect(tagged(readings, 'seq_rows_read_per_s', { table: 'item' })).toBe(5000)
    expect(readings['rows_read_per_s']).toBe(5001)
    expect(readings['cache_hit_ratio']).toBeGreaterThan(0.5)
    expect(readings['transactions_per_s']).toBeGreaterThanOrEqual(100)
    expect(readings['transactions_per_s']).toBeLessThan(130)
    expect(readings['connections_limit']).toBe(100)
    await collector.close()
  })

  it('counts the connections of others by state, and not its own', async () => {
    const context = testContext()
    const collector = createPostgresCollector(server.url)
    await collector.open(context)
    await client.query('begin; select 1')
    context.tick()
    const readings = await collector.read()
    expect(readings['connections']).toEqual([{ tags: { state: 'idle in transaction' }, value: 1 }])
    expect(readings['connections_idle_in_transaction']).toBe(1)
    expect(readings['connections_active']).toBe(0)
    expect(readings['longest_transaction_ms']).toBeGreaterThan(0)
    await client.query('rollback')
    await collector.close()
  })

  it('names who waits for a lock, who holds it, both statements without their literals, and the wait event', async () => {
    const context = testContext()
    const collector = createPostgresCollector(server.url)
    await collector.open(context)
    const waiter = new Client({ connectionString: server.url })
    await waiter.connect()
    await client.query("begin; update item set name = 'first secret' where id = 7")
    const waited = waiter.query("update item set name = 'second secret' where id = 7")
    let readings = await collector.read()
    while (readings['waiting_lock'] !== 1) readings = await collector.read()
    expect(tagged(readings, 'waiting', { type: 'Lock', event: 'transactionid' })).toBe(1)
    const [wait] = context.told('lock-wait')
    expect(wait).toMatchObject({
      sql: 'update item set name = ? where id = ?',
      bySql: 'begin; update item set name = ? where id = ?',
      byState: 'idle in transaction',
      lock: 'transactionid ShareLock',
      relation: 'item',
    })
    await client.query('rollback')
    await waited
    await waiter.end()
    await collector.close()
  })

  it('fails when its connection is ended, and can be opened again', async () => {
    const own = await start()
    const context = testContext()
    const collector = createPostgresCollector(own.url)
    await collector.open(context)
    own.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'perfwright'")
    await expect(collector.read()).rejects.toThrow()
    await collector.close()
    await collector.open(context)
    context.tick()
    expect((await collector.read())['connections_limit']).toBe(100)
    await collector.close()
    await own.stop()
  })

  it('reads the rest without pg_stat_statements, and says how to switch it on', async () => {
    const own = await start({ statements: false })
    const context = testContext()
    const collector = createPostgresCollector(own.url)
    await collector.open(context)
    context.tick()
    const readings = await collector.read()
    expect(readings['connections_limit']).toBe(100)
    expect(readings['statement_calls_per_s']).toBeUndefined()
    expect(String(context.told('collector')[0]?.['why'])).toContain('create extension pg_stat_statements')
    await collector.close()

    own.sql('create extension pg_stat_statements')
    const second = testContext()
    const again = createPostgresCollector(own.url)
    await again.open(second)
    expect(String(second.told('collector')[0]?.['why'])).toContain("shared_preload_libraries = 'pg_stat_statements'")
    await again.close()

    own.sql('create role nobody login')
    const third = testContext()
    const weak = createPostgresCollector(own.url.replace('perfwright@', 'nobody@'))
    await weak.open(third)
    expect(
      third
        .told('collector')
        .map((one) => String(one['why']))
        .join('\n'),
    ).toContain('grant pg_monitor')
    await weak.close()
    await own.stop()
  })

  it.each([
    ['postgres://127.0.0.1:1/x', 'PW_OBSERVE_UNREACHABLE', 'ECONNREFUSED'],
    ['postgres:nothing', 'PW_OBSERVE_URI', 'no address'],
  ])('says what is wrong with %s', async (uri, code, words) => {
    const collector = createPostgresCollector(uri)
    await expect(collector.open(testContext())).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
  })

  it('says so when the role, the database or the password is wrong, and never repeats the password', async () => {
    const wrong = createPostgresCollector(server.url.replace('perfwright@', 'nobody:hunter2@'))
    const error = await wrong.open(testContext()).catch((error: unknown) => error as Error)
    expect(error).toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE' })
    expect(String((error as Error).message)).not.toContain('hunter2')
    const other = createPostgresCollector(server.url.replace('/postgres', '/elsewhere'))
    await expect(other.open(testContext())).rejects.toMatchObject({ fix: expect.stringContaining('Name the database') })
  })
})
