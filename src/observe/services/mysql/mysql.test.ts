/** Against a real MariaDB where one is installed. */
import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MariadbServer, mariadbMissing, startMariadb } from '../../../../test/targets/servers/mariadb.mjs'
import type { Readings } from '#record/observed.js'
import { tagged, testContext } from '../testing/context.js'
import { createMysqlCollector } from './index.js'

if (mariadbMissing !== undefined) console.warn(`left out: ${mariadbMissing}`)

describe.skipIf(mariadbMissing !== undefined)('the collector of MySQL and MariaDB', () => {
  let server: MariadbServer
  let client: Connection
  beforeAll(async () => {
    server = await startMariadb({ performanceSchema: true })
    client = await createConnection(server.url)
    await client.query('create table item (id int primary key, name text)')
    await client.query('insert into item select seq, seq from seq_1_to_1000')
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  it('tells calls, time, rows and text of each statement, without its literals and without its own', async () => {
    const context = testContext()
    const collector = createMysqlCollector(server.url)
    await collector.open(context)
    for (let n = 0; n < 7; n++) await client.query(`select name from item where id < 11 and name <> 'secret-${n}'`)
    context.tick()
    const readings = await collector.read()
    const statement = context.told('statement').find((one) => String(one['sql']).includes('item'))
    expect(statement?.['sql']).toBe('SELECT NAME FROM `item` WHERE ID < ? AND NAME != ?')
    const id = String(statement?.['id'])
    expect(tagged(readings, 'statement_calls_per_s', { id })).toBe(7)
    expect(tagged(readings, 'statement_rows_per_s', { id })).toBe(70)
    expect(tagged(readings, 'statement_scanned_rows_per_s', { id })).toBe(70)
    expect(tagged(readings, 'statement_ms_per_s', { id })).toBeGreaterThan(0)
    expect(JSON.stringify(context.events)).not.toMatch(/secret|performance_schema|processlist|perfwright/i)
    expect(collector.describes).toMatch(/^MariaDB \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+$/)
    context.tick()
    await collector.read()
    expect(collector.cost?.()['statementsPerS']).toBeGreaterThan(2)
    expect(collector.cost?.()['targetMsPerS']).toBeGreaterThan(0)
    await collector.close()
  })

  it('counts statements and connections of others and not its own, scans, and rows read', async () => {
    const context = testContext()
    const collector = createMysqlCollector(server.url)
    await collector.open(context)
    for (let n = 0; n < 5; n++) await client.query("select count(*) from item where name like '%x%'")
    context.tick()
    const readings = await collector.read()
    expect(readings['queries_per_s']).toBe(5)
    expect(readings['full_scans_per_s']).toBeGreaterThanOrEqual(5)
    expect(readings['scanned_rows_per_s']).toBeGreaterThanOrEqual(5000)
    expect(readings['rows_read_per_s']).toBeGreaterThanOrEqual(5000)
    expect(readings['buffer_pool_hit_ratio']).toBeGreaterThan(0.5)
    expect(readings).toMatchObject({ connections: 1, connections_limit: 151, waiting_lock: 0 })
    expect(readings['connections_by_state']).toEqual([{ tags: { state: 'sleep' }, value: 1 }])
    await collector.close()
  })

  it('names who waits for a row lock, who holds it, and both statements without their literals', async () => {
    const context = testContext()
    const collector = createMysqlCollector(server.url)
    await collector.open(context)
    const waiter = await createConnection(server.url)
    await client.query('start transaction')
    await client.query("update item set name = 'first secret' where id = 7")
    const waited = waiter.query("update item set name = 'second secret' where id = 7")
    let waits = 0
    let readings: Readings = {}
    while (readings['waiting_lock'] !== 1) {
      context.tick()
      readings = await collector.read()
      waits += Number(readings['row_lock_waits_per_s'])
    }
    expect(waits).toBe(1)
    await expect.poll(async () => (await collector.read(), context.told('lock-wait').length)).toBeGreaterThan(0)
    const [wait] = context.told('lock-wait')
    expect(wait).toMatchObject({
      waiting: waiter.threadId,
      blockedBy: client.threadId,
      sql: 'update item set name = ? where id = ?',
      byState: 'idle in transaction',
      relation: 'test.item',
    })
    expect(String(wait?.['lock'])).toContain('record')
    await client.query('rollback')
    await waited
    context.tick()
    readings = await collector.read()
    expect(readings['row_lock_wait_ms_per_s']).toBeGreaterThan(0)
    await waiter.end()
    await collector.close()
  })

  it('reads what an account may see, and names the rest with the grant that is missing', async () => {
    server.sql("create user weak@'%' identified by 'p@ss'")
    const context = testContext()
    const collector = createMysqlCollector(`mysql://weak:p%40ss@127.0.0.1:${server.port}`)
    await collector.open(context)
    context.tick()
    expect((await collector.read())['connections']).toBe(1)
    expect(
      context
        .told('collector')
        .map((one) => String(one['why']))
        .join(),
    ).toContain('grant select on performance_schema')
    await collector.close()
  })

  it('reads the rest without performance_schema, says how to switch it on, and can be opened again', async () => {
    const own = await startMariadb()
    const context = testContext()
    const collector = createMysqlCollector(own.url)
    await collector.open(context)
    context.tick()
    const readings = await collector.read()
    expect(readings['connections_limit']).toBe(151)
    expect(readings['statement_calls_per_s']).toBeUndefined()
    expect(String(context.told('collector')[0]?.['why'])).toContain('performance_schema = ON')
    own.sql("select concat('kill ', id, ';') from information_schema.processlist where info like '%perfwright%'")
    own.sql(own.sql("select concat('kill ', id, ';') from information_schema.processlist where user = 'tester'"))
    await expect(collector.read()).rejects.toThrow()
    await collector.close()
    await collector.open(context)
    context.tick()
    expect((await collector.read())['connections']).toBe(0)
    await collector.close()
    await own.stop()
  })

  it('says what is wrong with an address, and never repeats the password', async () => {
    const open = (uri: string): Promise<unknown> =>
      createMysqlCollector(uri)
        .open(testContext())
        .catch((error: unknown) => error)
    const wrong = (await open(server.url.replace('secret', 'hunter2'))) as Error
    expect(wrong).toMatchObject({ code: 'PW_OBSERVE_UNREACHABLE', fix: expect.stringContaining('grant process') })
    expect(wrong.message).not.toContain('hunter2')
    expect(await open('mysql://127.0.0.1:1/x')).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
    expect(await open('mysql:nothing')).toMatchObject({ code: 'PW_OBSERVE_URI' })
    expect(await open(`${server.url}_none`)).toMatchObject({
      fix: expect.stringContaining('Leave the database'),
    })
  })
})
