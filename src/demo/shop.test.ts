import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultNames } from './faults.js'
import { type RunningShop, startShop } from './shop.js'
import { buildDemo } from './testing/build.js'
import { call, logIn } from './testing/client.js'

let folder: string
let healthy: RunningShop
let faulty: RunningShop

beforeAll(async () => {
  folder = await buildDemo()
  const common = {
    products: 2_000,
    cacheDir: join(folder, 'cache'),
    serverFile: join(folder, 'shop-server.js'),
    execArgv: ['--expose-gc'],
  }
  healthy = await startShop(common)
  faulty = await startShop({ ...common, faults: faultNames })
}, 120_000)

afterAll(async () => {
  await Promise.all([healthy?.stop(), faulty?.stop()])
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

/** Runs `sql` in the shop's database, as an observer beside the shop. */
async function ask(shop: RunningShop, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: shop.databaseUrl })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** Does `work` again and again until `pending` is settled, and counts how often. */
async function meanwhile(pending: Promise<unknown>, work: () => Promise<unknown>): Promise<number> {
  const settled = pending.then(() => true)
  let times = 0
  do {
    await work()
    times++
  } while (!(await Promise.race([settled, Promise.resolve(false)])))
  return times
}

describe.each([
  ['healthy', () => healthy],
  ['faulty', () => faulty],
])('the %s shop', (_, shop) => {
  it('leads a customer from login to the order', async () => {
    const { url } = shop()
    const token = await logIn(url, 5)
    const found = await call(url, '/search?q=COPPER%20l')
    expect(found.body.products.length).toBeGreaterThan(0)
    for (const product of found.body.products) expect(product.name).toMatch(/^Copper L/)
    const product = await call(url, `/products/${found.body.products[0].id}`)
    expect(product.body.product).toMatchObject(found.body.products[0])
    const cart = await call(url, '/cart', { token, json: { product: product.body.product.id, quantity: 2 } })
    expect(cart.body.total_cents).toBe(2 * product.body.product.price_cents)
    expect((await call(url, '/cart', { token })).body).toEqual(cart.body)
    const order = await call(url, '/orders', { token, method: 'POST' })
    expect(order.status).toBe(201)
    expect(order.body.total_cents).toBe(cart.body.total_cents)
    expect((await call(url, '/cart', { token })).body.lines).toEqual([])
    const { orders } = (await call(url, '/orders?limit=3', { token })).body
    expect(orders).toHaveLength(3)
    expect(orders[0]).toMatchObject({ id: order.body.order, lines: [{ name: product.body.product.name, quantity: 2 }] })
    expect(orders[1].lines).toHaveLength(2)
  })

  it('lists every product once, page by page', async () => {
    const { url } = shop()
    const prices: number[] = []
    const ids = new Set<number>()
    let path = '/products?limit=100'
    for (;;) {
      const { products, next } = (await call(url, path)).body
      for (const product of products) {
        ids.add(product.id)
        prices.push(product.price_cents)
      }
      if (next === null) break
      path = `/products?limit=100&cursor=${next}`
    }
    expect(ids.size).toBe(2_000)
    expect(prices).toEqual([...prices].sort((a, b) => a - b))
    const { jump } = (await call(url, '/products')).body
    for (const cursor of jump) expect((await call(url, `/products?cursor=${cursor}`)).body.products).toHaveLength(20)
  })

  it('counts the products of each category', async () => {
    const { categories } = (await call(shop().url, '/categories')).body
    expect(categories).toHaveLength(20)
    for (const category of categories) expect(category.products).toBe(100)
  })

  it('answers what is wrong with a request', async () => {
    const { url } = shop()
    const token = await logIn(url)
    const status = async (path: string, options?: Parameters<typeof call>[2]): Promise<number> =>
      (await call(url, path, options)).status
    expect(await status('/nothing')).toBe(404)
    expect(await status('/products/2001')).toBe(404)
    expect(await status('/products/x')).toBe(400)
    expect(await status('/products?cursor=x')).toBe(400)
    expect(await status('/products?limit=0')).toBe(400)
    expect(await status('/search')).toBe(400)
    expect(await status('/search?q=%25')).toBe(200)
    expect(await status('/cart', { method: 'DELETE' })).toBe(405)
    expect(await status('/cart')).toBe(401)
    expect(await status('/cart', { token: `${token.slice(0, -1)}x` })).toBe(401)
    expect(await status('/cart', { token, json: [] })).toBe(400)
    expect(await status('/cart', { token, json: { product: 2_001 } })).toBe(400)
    expect(await status('/orders', { token, method: 'POST' })).toBe(409)
    expect(await status('/login', { json: { username: 'user0001', password: 'wrong' } })).toBe(401)
    expect(await status('/login', { json: { username: "' or 1=1 --", password: 'wrong' } })).toBe(401)
    expect(await status('/login', { json: { username: 'x'.repeat(70_000), password: '' } })).toBe(413)
    expect((await call(url, '/search?q=%25')).body.products).toEqual([])
  })
})

describe('each fault shows, and its healthy twin does not', () => {
  it('n-plus-one: a query more for every order listed', async () => {
    const queries = async (shop: RunningShop, limit: number): Promise<number> =>
      (await call(shop.url, `/orders?limit=${limit}`, { token: await logIn(shop.url, 9) })).queries
    expect([await queries(healthy, 1), await queries(healthy, 2)]).toEqual([2, 2])
    expect([await queries(faulty, 1), await queries(faulty, 2)]).toEqual([2, 3])
  })

  it('missing-index: the search reads the whole table', async () => {
    const plan = async (shop: RunningShop): Promise<string> => {
      const rows = await ask(
        shop,
        `explain select id, name, price_cents from products
         where lower(name) like 'copper lamp%' order by lower(name) using ~<~ limit 20`,
      )
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    expect(await plan(healthy)).toMatch(/Index Scan (on|using) products_name_prefix/)
    expect(await plan(faulty)).toMatch(/Seq Scan on products/)
  })

  it('offset-pagination: a deep page reads every row before it', async () => {
    const rowsRead = async (shop: RunningShop): Promise<number> => {
      const { jump } = (await call(shop.url, '/products')).body
      await ask(shop, 'select pg_stat_statements_reset()')
      await call(shop.url, `/products?cursor=${jump[2]}`)
      const [statement] = await ask(
        shop,
        `select query from pg_stat_statements where query like 'select id, name, price_cents from products%'`,
      )
      // The statement as the shop sent it, with the values of this cursor.
      const [first, second] = [...String(jump[2]).matchAll(/\d+/g)].map(([number]) => number)
      const values = second === undefined ? ['20', first] : [first, second, '20']
      const sql = String(statement?.query).replace(/\$(\d)/g, (_, n) => values[Number(n) - 1] ?? '')
      const plan = await ask(shop, `explain (analyze, timing off) ${sql}`)
      return Math.max(
        ...plan.flatMap((row) =>
          [...String(row['QUERY PLAN']).matchAll(/actual rows=(\d+)/g)].map((m) => Number(m[1])),
        ),
      )
    }
    expect(await rowsRead(healthy)).toBe(20)
    expect(await rowsRead(faulty)).toBeGreaterThanOrEqual(1_520)
  })

  it('over-fetching: a product page a hundred times as long', async () => {
    const bytes = async (shop: RunningShop): Promise<number> => (await call(shop.url, '/products/7')).bytes
    expect(await bytes(healthy)).toBeLessThan(1_500)
    expect(await bytes(faulty)).toBeGreaterThan(100_000)
  })

  it('blocking-sync: hardly another request is served while passwords are hashed', async () => {
    const servedMeanwhile = async (shop: RunningShop): Promise<number> => {
      const logins = Promise.all(Array.from({ length: 24 }, (_, n) => logIn(shop.url, n + 1)))
      return meanwhile(logins, () => call(shop.url, '/healthz'))
    }
    expect(await servedMeanwhile(healthy)).toBeGreaterThan(2 * (await servedMeanwhile(faulty)))
  })

  it('memory-leak: what carts leave behind is never let go', async () => {
    const growth = async (shop: RunningShop): Promise<number> => {
      const token = await logIn(shop.url, 3)
      const heap = async (): Promise<number> => (await call(shop.url, '/healthz?gc')).body.heap_used_bytes as number
      const fill = async (calls: number): Promise<void> => {
        for (let n = 0; n < calls; n++) await call(shop.url, '/cart', { token, json: { product: 1 + (n % 5) } })
      }
      await fill(300)
      const before = await heap()
      await fill(400)
      return (await heap()) - before
    }
    expect(await growth(healthy)).toBeLessThan(2_000_000)
    expect(await growth(faulty)).toBeGreaterThan(4_000_000)
  })

  it('small-pool: requests wait for one of two connections', async () => {
    const mostWaiting = async (shop: RunningShop): Promise<{ max: number; waiting: number }> => {
      const tokens = await Promise.all(Array.from({ length: 10 }, (_, n) => logIn(shop.url, 20 + n)))
      for (const token of tokens) await call(shop.url, '/cart', { token, json: { product: 1 } })
      let waiting = 0
      let max = 0
      // Each holds its connection while it waits for the payment.
      const orders = Promise.all(tokens.map((token) => call(shop.url, '/orders', { token, method: 'POST' })))
      await meanwhile(orders, async () => {
        const { pool } = (await call(shop.url, '/healthz')).body
        waiting = Math.max(waiting, pool.waiting)
        max = pool.max
      })
      expect((await orders).map((reply) => reply.status)).toEqual(Array.from({ length: 10 }, () => 201))
      return { max, waiting }
    }
    expect(await mostWaiting(healthy)).toEqual({ max: 16, waiting: 0 })
    const small = await mostWaiting(faulty)
    expect(small.max).toBe(2)
    expect(small.waiting).toBeGreaterThan(0)
  })

  it('slow-third-party: of two orders placed at once the healthy shop answers first', async () => {
    const finished: string[] = []
    const order = async (name: string, shop: RunningShop): Promise<void> => {
      const token = await logIn(shop.url, 40)
      await call(shop.url, '/cart', { token, json: { product: 1 } })
      await call(shop.url, '/orders', { token, method: 'POST' })
      finished.push(name)
    }
    await Promise.all([order('slow', faulty), order('healthy', healthy)])
    expect(finished).toEqual(['healthy', 'slow'])
  })

  it('no-cache: the categories are counted for every request', async () => {
    const queries = async (shop: RunningShop): Promise<number[]> => {
      await call(shop.url, '/categories')
      return [(await call(shop.url, '/categories')).queries, (await call(shop.url, '/categories')).queries]
    }
    expect(await queries(healthy)).toEqual([0, 0])
    expect(await queries(faulty)).toEqual([1, 1])
  })
})

describe('starting and stopping', () => {
  it('says what is wrong with its flags', async () => {
    const serverFile = join(folder, 'shop-server.js')
    await expect(startShop({ serverFile, port: 70_000 })).rejects.toThrow(
      '--port must be a whole number from 0 to 65535',
    )
    await expect(startShop({ serverFile: join(folder, 'none.js') })).rejects.toThrow('build first')
  })

  it('leaves no process behind, not even after kill -9', async () => {
    const options = { products: 2_000, cacheDir: join(folder, 'cache'), serverFile: join(folder, 'shop-server.js') }
    const shop = await startShop(options)
    process.kill(shop.pid, 'SIGKILL')
    for (;;) {
      try {
        process.kill(shop.databasePid, 0)
        await new Promise((resolve) => setTimeout(resolve, 20))
      } catch {
        break
      }
    }
  }, 60_000)
})
