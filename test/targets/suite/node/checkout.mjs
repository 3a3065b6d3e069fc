// pool-exhausted: two connections for everybody, each held while the partner is asked.
import { faulty, newPool } from './context.mjs'
import { askPartner } from './payment.mjs'

let pool
const checkoutPool = () => (pool ??= newPool(faulty('pool-exhausted') ? 2 : 20))

export function checkout() {
  return faulty('pool-exhausted') ? checkoutHoldingConnection() : checkoutReleasingConnection()
}

async function checkoutHoldingConnection() {
  const client = await checkoutPool().connect()
  try {
    const { rows } = await client.query('select price_cents from products where id = $1', [anyProduct()])
    await askPartner('/quick')
    return rows
  } finally {
    client.release()
  }
}

async function checkoutReleasingConnection() {
  const { rows } = await checkoutPool().query('select price_cents from products where id = $1', [anyProduct()])
  await askPartner('/quick')
  return rows
}

const anyProduct = () => 1 + Math.floor(Math.random() * 10_000)
