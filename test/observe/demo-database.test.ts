/** The demo's database is observed as any other PostgreSQL, as far as one session in WebAssembly goes. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openShopDatabase } from '#demo/database/embedded.js'
import { sessionsView } from '#demo/database/sessions.js'
import { createWireServer } from '#demo/database/wire.js'
import { createPostgresCollector } from '#observe/services/postgres/index.js'
import { tagged, testContext } from '#observe/services/testing/context.js'

let database: PGlite
let server: Server
let url: string
beforeAll(async () => {
  const size = { products: 300, orders: 200 }
  database = await openShopDatabase({ size, cacheDir: undefined, progress: () => {} })
  await database.exec(sessionsView)
  server = createWireServer({ exec: (messages) => database.execProtocolRaw(messages) }, '18.0')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `postgres://shop@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`
}, 60_000)
afterAll(async () => {
  server.close()
  await database.close()
})

it("reads the demo database's statements, tables and connections, and leaves the shop's settings alone", async () => {
  const shop = new Client({ connectionString: url, application_name: 'shop' })
  await shop.connect()
  const context = testContext()
  const collector = createPostgresCollector(url)
  await collector.open(context)
  for (let n = 0; n < 5; n++) await shop.query('select name from products where stock = $1', [n])
  context.tick()
  const readings = await collector.read()
  const statement = context.told('statement').find((one) => String(one['sql']).includes('where stock'))
  expect(tagged(readings, 'statement_calls_per_s', { id: String(statement?.['id']) })).toBe(5)
  expect(readings['connections']).toEqual([{ tags: { state: 'idle' }, value: 1 }])
  expect(readings['connections_active']).toBe(0)
  expect(readings['database_bytes'] ?? 0).toBeGreaterThanOrEqual(0)
  expect(context.told('collector')).toEqual([])
  // Our limits would be common to all its connections.
  expect((await shop.query('show default_transaction_read_only')).rows).toEqual([
    { default_transaction_read_only: 'off' },
  ])
  expect((await shop.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
  expect(collector.describes).toContain('PostgreSQL 18')

  // Sequential scans: the database publishes its counters when a second has passed since the last time.
  await expect
    .poll(
      async () => {
        await shop.query('select count(*) from products where stock = 3')
        context.tick()
        return tagged(await collector.read(), 'seq_rows_read_per_s', { table: 'products' })
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThanOrEqual(300)
  await collector.close()
  await shop.end()
})
