/**
 * The demo shop: `node shop-server.js [--port 0] [--faults a,b] [--products N] [--orders N] [--cache-dir DIR]`. With
 * SHOP_DATABASE_URL it uses the database there (`node database-server.js`), so that something can stand between the two.
 * Starts its database and its payment provider as processes of their own, says what it does on stderr, and prints one
 * line `{"url","pid","databaseUrl","databasePid"}` on stdout when it serves. Ends on SIGTERM, SIGINT, or with `--leash` when its
 * standard input ends.
 */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LruCache } from './app/cache.js'
import type { CategoryCount } from './app/categories.js'
import { createPool } from './app/connection.js'
import { createShopServer } from './app/server.js'
import { type Child, ready, report, startChild } from './child.js'
import { defaultSize, nameIndex } from './database/schema.js'
import { type FaultName, parseFaults } from './faults.js'

try {
  await serve(readOptions())
} catch (error) {
  report(error instanceof Error ? error.message : String(error))
  process.exit(2)
}

interface ServerOptions {
  readonly port: number
  readonly faults: ReadonlySet<FaultName>
  readonly products: number
  readonly orders: number
  readonly cacheDir: string | undefined
  readonly leash: boolean
}

function readOptions(): ServerOptions {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env.SHOP_PORT ?? '0' },
      faults: { type: 'string', default: process.env.SHOP_FAULTS ?? '' },
      products: { type: 'string', default: String(defaultSize.products) },
      orders: { type: 'string' },
      'cache-dir': { type: 'string' },
      leash: { type: 'boolean', default: false },
    },
  })
  return {
    port: whole('--port', values.port, 0, 65_535),
    faults: parseFaults(values.faults),
    products: whole('--products', values.products, 100, 10_000_000),
    orders: whole('--orders', values.orders ?? values.products, 100, 10_000_000),
    cacheDir: values['cache-dir'],
    leash: values.leash,
  }
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new Error(`${flag} must be a whole number from ${min} to ${max}`)
  return value
}

async function serve(options: ServerOptions): Promise<void> {
  const { faults } = options
  const [database, payment] = await Promise.all([startDatabase(options), startPaymentProvider(faults)])
  const pool = createPool(database.ready.url, faults)
  await applySchemaFaults((sql) => pool.query(sql), faults)
  const shop = {
    faults,
    productCount: options.products,
    paymentUrl: payment.ready.url,
    tokenKey: randomBytes(32),
    categories: new LruCache<readonly CategoryCount[]>({ maxEntries: 100, ttlMs: 30_000 }),
  }
  const server = createShopServer(shop, pool)
  let stopping = false
  const stop = (code: number): void => {
    if (stopping) return
    stopping = true
    server.close()
    server.closeAllConnections()
    void Promise.all([database.stop(), payment.stop()]).then(() => process.exit(code))
  }
  process.once('SIGTERM', () => stop(0))
  process.once('SIGINT', () => stop(0))
  if (options.leash)
    process.stdin
      .resume()
      .on('end', () => stop(0))
      .on('error', () => stop(0))
  // Without its database or its payment provider the shop would only answer errors.
  database.onExit(() => stop(1))
  payment.onExit(() => stop(1))
  server.on('error', (error) => {
    report(error.message)
    stop(2)
  })
  server.listen(options.port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    ready({
      url: `http://127.0.0.1:${port}`,
      pid: process.pid,
      databaseUrl: database.ready.url,
      databasePid: database.pid,
    })
  })
}

function startDatabase(options: ServerOptions): Promise<Child<{ url: string }>> {
  const url = process.env.SHOP_DATABASE_URL
  if (url !== undefined && url !== '') {
    return Promise.resolve({ ready: { url }, pid: 0, stop: () => Promise.resolve(), onExit: () => {} })
  }
  return startChild<{ url: string }>({
    file: fileURLToPath(new URL('./database-server.js', import.meta.url)),
    env: {
      SHOP_PRODUCTS: String(options.products),
      SHOP_ORDERS: String(options.orders),
      ...(options.cacheDir === undefined ? {} : { SHOP_CACHE_DIR: options.cacheDir }),
    },
    progress: report,
  })
}

function startPaymentProvider(faults: ReadonlySet<FaultName>): Promise<Child<{ url: string }>> {
  return startChild<{ url: string }>({
    file: fileURLToPath(new URL('./payment-server.js', import.meta.url)),
    env: { SHOP_PAYMENT_LATENCY_MS: faults.has('slow-third-party') ? '900' : '40' },
    progress: report,
  })
}

/** The database comes with every index; the fault `missing-index` takes one away, as a forgotten migration would. */
async function applySchemaFaults(
  query: (sql: string) => Promise<unknown>,
  faults: ReadonlySet<FaultName>,
): Promise<void> {
  await query(faults.has('missing-index') ? 'drop index if exists products_name_prefix' : nameIndex)
}
