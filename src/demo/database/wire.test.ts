import { once } from 'node:events'
import { type AddressInfo, connect, type Server } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionsView } from './sessions.js'
import { createWireServer } from './wire.js'

let database: PGlite
let server: Server
let port: number

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec('create table t (n int)')
  server = createWireServer({ exec: (messages) => database.execProtocolRaw(messages) }, '18.0')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
}, 60_000)

afterAll(async () => {
  server.close()
  await database.close()
})

async function client(name = 'test'): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user: 'shop', database: 'postgres', application_name: name })
  await client.connect()
  return client
}

describe('the wire server', () => {
  it('serves many connections at once', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => client()))
    const rows = await Promise.all(clients.map((one, n) => one.query('select $1::int * 2 as n', [n])))
    expect(rows.map((row) => row.rows[0].n)).toEqual([0, 2, 4, 6, 8, 10, 12, 14])
    await Promise.all(clients.map((one) => one.end()))
  })

  it('answers an error as one, and the connection goes on', async () => {
    const one = await client()
    await expect(one.query('select * from nowhere')).rejects.toMatchObject({ code: '42P01' })
    await expect(one.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    expect((await one.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    await one.end()
  })

  it('keeps a transaction apart from other connections, and rolls it back when its connection breaks', async () => {
    const [writer, reader] = [await client(), await client()]
    await writer.query('begin')
    await writer.query('insert into t values (1)')
    const count = reader.query('select count(*)::int as n from t')
    await writer.query('insert into t values (2)')
    await writer.query('commit')
    expect((await count).rows).toEqual([{ n: 2 }])

    await writer.query('begin')
    await writer.query('delete from t')
    const after = reader.query('select count(*)::int as n from t')
    writer.on('error', () => {})
    ;(writer as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    expect((await after).rows).toEqual([{ n: 2 }])
    await reader.end()
  })

  it('answers pg_stat_activity with its own connections, as a real server does', async () => {
    await database.exec(sessionsView)
    const [shop, waiter] = [await client('shop'), await client('it\'s \\ "x"')]
    const watcher = await client('perfwright')
    await shop.query('select 7 as idle')
    // All are sent in one go. Whose turn comes first is open, so it is tried until the watcher is served before the waiter.
    const seen = async (): Promise<Record<string, unknown>[]> => {
      const [, answer] = await Promise.all([
        shop.query('select 1'),
        watcher.query("select * from pg_stat_activity where application_name <> 'perfwright' order by pid"),
        waiter.query('select 2'),
      ])
      return answer.rows
    }
    let [first, second] = await seen()
    while (first?.['state'] !== 'idle' || second?.['state'] !== 'active') [first, second] = await seen()
    expect(first).toMatchObject({ application_name: 'shop', usename: 'shop', wait_event_type: 'Client' })
    expect(first['pid']).toBe((shop as unknown as { processID: number }).processID)
    expect(second).toMatchObject({ application_name: 'it\'s \\ "x"', wait_event_type: 'IPC', query: 'select 2' })
    for (const one of [shop, waiter, watcher]) await one.end()
    const last = await client('last')
    await expect
      .poll(async () => (await last.query('select count(*)::int as n from pg_stat_activity')).rows)
      .toEqual([{ n: 1 }])
    await last.end()
  })

  it.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['an endless startup packet', Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ['an endless message', Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0, 0x51, 0x7f, 0xff, 0xff, 0xff])],
    ['a message shorter than its length', Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0, 0x51, 0, 0, 0, 1])],
  ])('hangs up on %s', async (_, bytes) => {
    const socket = connect(port, '127.0.0.1')
    socket.resume()
    socket.write(bytes)
    await once(socket, 'close')
  })
})
