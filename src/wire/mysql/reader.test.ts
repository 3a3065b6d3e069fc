/** Against a real MariaDB where one is installed. */
import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MariadbServer, mariadbMissing, startMariadb } from '../../../test/targets/servers/mariadb.mjs'
import { type Watched, watch } from '../testing/watch.js'

if (mariadbMissing !== undefined) console.warn(`left out: ${mariadbMissing}`)

describe.skipIf(mariadbMissing !== undefined)('the wire proxy before MariaDB', () => {
  let server: MariadbServer
  let watched: Watched
  let client: Connection
  beforeAll(async () => {
    server = await startMariadb()
    watched = await watch('mysql', server.url)
    client = await createConnection({ uri: watched.url, multipleStatements: true })
    await client.query('create table item (id int primary key, name text)')
    await client.query('insert into item select seq, seq from seq_1_to_1000')
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await watched.proxy.close()
    await server.stop()
  })

  it('tells texts and prepared statements with their parameters and rows', async () => {
    watched.seen.length = 0
    await client.query('select * from item where id < 5')
    await client.execute('select * from item where id = ? and name = ?', [7, '7'])
    await client.execute('select * from item where id = ? and name = ?', [8, null])
    expect(watched.seen.map(({ family, rows, params }) => [family, rows, params])).toEqual([
      ['select * from item where id < ?', 4, []],
      ['select * from item where id = ? and name = ?', 1, ['7', '7']],
      ['select * from item where id = ? and name = ?', 0, ['8', null]],
    ])
  })

  it('tells errors and transactions, and several results of one text as one exchange', async () => {
    watched.seen.length = 0
    await expect(client.query('select * from nowhere')).rejects.toThrow(/nowhere/)
    await client.beginTransaction()
    await client.query('select 1; select name from item where id in (1, 2, 3)')
    await client.commit()
    expect(watched.seen.map(({ error, inTransaction }) => [error?.slice(0, 4), inTransaction])).toEqual([
      ['1146', false],
      [undefined, true],
      [undefined, true],
      [undefined, false],
    ])
    expect(watched.seen[2]?.rows).toBe(4)
    expect(watched.proxy.counts.unreadConnections).toBe(0)
  })

  it('passes answers of megabytes on, byte for byte', async () => {
    const sql = 'select seq, repeat(md5(seq), 60) as text from seq_1_to_5000'
    const direct = await createConnection(server.url)
    const [expected] = await direct.query(sql)
    await direct.end()
    const [got] = await client.query(sql)
    expect(got).toEqual(expected)
  })
})
