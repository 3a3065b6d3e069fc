// n-plus-one: one query for the orders, one more for the lines of each.
import { database, faulty, whole } from './context.mjs'

export async function orders(query) {
  const { rows } = await database().query('select id, total_cents from orders where customer_id = $1 limit 25', [
    whole(query, 'customer', 1),
  ])
  return faulty('n-plus-one') ? loadLinesOneByOne(rows) : loadLinesAtOnce(rows)
}

async function loadLinesOneByOne(found) {
  const orders = []
  for (const order of found) {
    const { rows } = await database().query('select product_id, quantity from order_lines where order_id = $1', [
      order.id,
    ])
    orders.push({ ...order, lines: rows })
  }
  return orders
}

async function loadLinesAtOnce(found) {
  const { rows } = await database().query(
    'select order_id, product_id, quantity from order_lines where order_id = any($1)',
    [found.map((order) => order.id)],
  )
  return found.map((order) => ({ ...order, lines: rows.filter((line) => line.order_id === order.id) }))
}
