// A service with faults that the fault suite does not have: MySQL, calls of another service, questions in turns, TLS.
import { createServer } from 'node:http'
import mysql from 'mysql2/promise'
import { Client, Pool } from 'pg'

const isFaulty = (process.env.FAULT ?? '') !== ''
const once = (open) => {
  let opened
  return () => (opened ??= open())
}
const mariadb = once(() => mysql.createPool({ uri: process.env.MARIADB_URL, connectionLimit: 8 }))
const postgres = once(() => new Pool({ connectionString: process.env.DATABASE_URL, max: 8 }))

const routes = {
  async '/mysql'(query) {
    const limit = Number(query.get('limit') ?? 10)
    const [orders] = await mariadb().query('select id, customer_id from orders order by id limit ?', [limit])
    if (isFaulty) {
      for (const order of orders) {
        const [rows] = await mariadb().execute('select name from customers where id = ?', [order.customer_id])
        order.customer = rows[0]?.name
      }
      return orders
    }
    const [rows] = await mariadb().query('select id, name from customers where id in (?)', [
      orders.map((one) => one.customer_id),
    ])
    const names = new Map(rows.map((row) => [row.id, row.name]))
    return orders.map((order) => ({ ...order, customer: names.get(order.customer_id) }))
  },

  async '/prices'(query) {
    const ids = Array.from({ length: Number(query.get('n') ?? 12) }, (_, i) => i + 1)
    const ask = async (path) => (await fetch(`${process.env.PRICES_URL}${path}`)).json()
    if (!isFaulty) return ask(`/prices?ids=${ids.join()}`)
    const prices = []
    for (const id of ids) prices.push(await ask(`/price/${id}`))
    return prices
  },

  async '/page'(query) {
    const id = query.get('customer')
    const orders = () =>
      postgres().query('select count(*) from orders where customer_id = $1 and pg_sleep(0.004) is not null', [id])
    const name = () => postgres().query('select name, pg_sleep(0.06) from customers where id = $1', [id])
    const city = () => postgres().query('select city, pg_sleep(0.06) from customers where id = $1', [id])
    if (!isFaulty) return (await Promise.all([orders(), name(), city()])).map(({ rows }) => rows)
    return [(await orders()).rows, (await name()).rows, (await city()).rows]
  },

  async '/tls'() {
    const client = new Client({ connectionString: process.env.DATABASE_URL, ssl: { rejectUnauthorized: false } })
    await client.connect()
    return (await client.query('select 1')).rows
  },

  '/nothing': () => 'no database',
}

const prices = createServer((request, response) => {
  setTimeout(() => response.end(JSON.stringify({ url: request.url, cents: 100 })), 5)
})
if (process.env.PRICES_PORT !== undefined) prices.listen(Number(process.env.PRICES_PORT), '127.0.0.1')

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x')
  const answer = async () => {
    const route = routes[pathname]
    if (route === undefined) throw Object.assign(new Error('not here'), { status: 404 })
    return JSON.stringify(await route(searchParams))
  }
  answer().then(
    (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    (error) => response.writeHead(error.status ?? 500).end(String(error.message)),
  )
}).listen(Number(process.env.PORT), '127.0.0.1')
