/** The shop's database as a process of its own: `node database-server.js`, options by environment (see `child.ts`). */
import type { AddressInfo } from 'node:net'
import { ready, report, stopWithParent } from './child.js'
import { defaultCacheDir, openShopDatabase } from './database/embedded.js'
import { sessionsView } from './database/sessions.js'
import { createWireServer } from './database/wire.js'

stopWithParent()
const database = await openShopDatabase({
  size: { products: Number(process.env.SHOP_PRODUCTS), orders: Number(process.env.SHOP_ORDERS) },
  // Empty: keep nothing.
  cacheDir: process.env.SHOP_CACHE_DIR === '' ? undefined : (process.env.SHOP_CACHE_DIR ?? defaultCacheDir()),
  progress: report,
})
await database.exec(sessionsView)
const version = await database.query<{ server_version: string }>('show server_version')
const server = createWireServer(
  // Not `execProtocol`: that parses the answer, which is the client's business.
  { exec: (messages) => database.runExclusive(() => database.execProtocolRaw(messages, { syncToFs: false })) },
  version.rows[0]?.server_version ?? '18',
)
server.listen(0, '127.0.0.1', () => {
  ready({ url: `postgres://shop@127.0.0.1:${(server.address() as AddressInfo).port}/postgres` })
})
