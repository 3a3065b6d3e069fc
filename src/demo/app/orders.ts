/** POST /orders turns the cart into an order, GET /orders?limit= shows one's newest (ten unless told) with their lines. */
import { readFullCart, total } from './cart.js'
import type { RequestConnection } from './connection.js'
import { type Answer, wholeNumber } from './http.js'
import { requireUser } from './login.js'
import { chargeCard } from './payment.js'
import type { ShopRequest } from './shop.js'

export async function placeOrder(request: ShopRequest): Promise<Answer> {
  const { shop, connection } = request
  const user = requireUser(request)
  const lines = await readFullCart(connection, user)
  const totalCents = total(lines)
  await chargeCard(shop.paymentUrl, user, totalCents)
  // One statement, so one transaction: the order, its lines, and the cart emptied of what was ordered.
  const [order] = await connection.query<{ id: number }>(
    `with ordered as (
       insert into orders (user_id, created_at, status, total_cents) values ($1, now(), 'paid', $2) returning id
     ), bought as (
       delete from cart_items where user_id = $1 and product_id = any($3::int[]) returning product_id, quantity
     ), lines as (
       insert into order_lines (order_id, product_id, quantity, price_cents)
       select ordered.id, p.id, b.quantity, p.price_cents
       from ordered, bought b join products p on p.id = b.product_id
     )
     select id from ordered`,
    [user, totalCents, lines.map((line) => line.product)],
  )
  return { status: 201, body: { order: order?.id, total_cents: totalCents } }
}

interface Order {
  readonly id: number
  readonly created_at: string
  readonly status: string
  readonly total_cents: number
  readonly [column: string]: unknown
}

interface OrderLine {
  readonly order_id: number
  readonly name: string
  readonly quantity: number
  readonly price_cents: number
  readonly [column: string]: unknown
}

export async function listOrders(request: ShopRequest): Promise<Answer> {
  const { shop, connection } = request
  const user = requireUser(request)
  const limit = wholeNumber('limit', request.url.searchParams.get('limit') ?? 10, 1, 100)
  const orders = await connection.query<Order>(
    'select id, created_at, status, total_cents from orders where user_id = $1 order by id desc limit $2',
    [user, limit],
  )
  const lines = shop.faults.has('n-plus-one')
    ? await loadLinesOneByOne(connection, orders)
    : await loadLinesAtOnce(connection, orders)
  return { status: 200, body: { orders: orders.map((order) => ({ ...order, lines: lines.get(order.id) ?? [] })) } }
}

/** The fault `n-plus-one`: a query for every order of the list. */
async function loadLinesOneByOne(
  connection: RequestConnection,
  orders: readonly Order[],
): Promise<Map<number, OrderLine[]>> {
  const lines = new Map<number, OrderLine[]>()
  for (const order of orders) {
    const found = await connection.query<OrderLine>(
      `select l.order_id, p.name, l.quantity, l.price_cents
       from order_lines l join products p on p.id = l.product_id where l.order_id = $1`,
      [order.id],
    )
    lines.set(order.id, found)
  }
  return lines
}

async function loadLinesAtOnce(
  connection: RequestConnection,
  orders: readonly Order[],
): Promise<Map<number, OrderLine[]>> {
  const found = await connection.query<OrderLine>(
    `select l.order_id, p.name, l.quantity, l.price_cents
     from order_lines l join products p on p.id = l.product_id where l.order_id = any($1::int[])`,
    [orders.map((order) => order.id)],
  )
  const lines = new Map<number, OrderLine[]>()
  for (const line of found) {
    const known = lines.get(line.order_id)
    if (known === undefined) lines.set(line.order_id, [line])
    else known.push(line)
  }
  return lines
}
