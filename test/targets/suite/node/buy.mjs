// database-lock: the row of the stock stays locked while the partner is asked, so all buyers of the product queue.
import { database, faulty } from './context.mjs'
import { askPartner } from './payment.mjs'

export function buy() {
  return faulty('database-lock') ? reserveThenPay(1) : payThenReserve(1)
}

async function reserveThenPay(product) {
  const client = await database().connect()
  try {
    await client.query('begin')
    await client.query('update stock set units = units - 1 where product_id = $1', [product])
    await askPartner('/slower')
    await client.query('commit')
  } finally {
    client.release()
  }
  return { bought: product }
}

async function payThenReserve(product) {
  await askPartner('/slower')
  await database().query('update stock set units = units - 1 where product_id = $1', [product])
  return { bought: product }
}
