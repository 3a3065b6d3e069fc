/** POST /cart {product, quantity} puts something into the cart, GET /cart shows it. */
import type { RequestConnection } from './connection.js'
import { type Answer, HttpError, readJson, wholeNumber } from './http.js'
import { requireUser } from './login.js'
import type { ShopRequest } from './shop.js'

interface CartLine {
  readonly product: number
  readonly name: string
  readonly quantity: number
  readonly price_cents: number
  readonly [column: string]: unknown
}

export async function addToCart(request: ShopRequest): Promise<Answer> {
  const { shop, connection } = request
  const user = requireUser(request)
  const body = await readJson(request.raw)
  const product = wholeNumber('product', body.product, 1, shop.productCount)
  const quantity = wholeNumber('quantity', body.quantity ?? 1, 1, 100)
  await connection.query(
    `insert into cart_items (user_id, product_id, quantity) values ($1, $2, $3)
     on conflict (user_id, product_id) do update set quantity = least(1000, cart_items.quantity + excluded.quantity)`,
    [user, product, quantity],
  )
  const lines = await readCart(connection, user)
  const event: CartEvent = { user, at: new Date().toISOString(), lines, page: renderCart(lines) }
  if (shop.faults.has('memory-leak')) rememberForEver(event)
  else rememberRecent(event)
  return { status: 200, body: { lines, total_cents: total(lines) } }
}

export async function showCart(request: ShopRequest): Promise<Answer> {
  const lines = await readCart(request.connection, requireUser(request))
  return { status: 200, body: { lines, total_cents: total(lines) } }
}

/** @throws HttpError 409 when there is nothing in it */
export async function readFullCart(connection: RequestConnection, user: number): Promise<readonly CartLine[]> {
  const lines = await readCart(connection, user)
  if (lines.length === 0) throw new HttpError(409, 'the cart is empty')
  return lines
}

export function total(lines: readonly CartLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.price_cents, 0)
}

function readCart(connection: RequestConnection, user: number): Promise<CartLine[]> {
  return connection.query<CartLine>(
    `select p.id as product, p.name, c.quantity, p.price_cents
     from cart_items c join products p on p.id = c.product_id
     where c.user_id = $1 order by p.id limit 50`,
    [user],
  )
}

/** Kept "for customer care": what was in the cart, and the page as it was shown. */
interface CartEvent {
  readonly user: number
  readonly at: string
  readonly lines: readonly CartLine[]
  readonly page: readonly string[]
}

let cartEvents: CartEvent[] = []
const recentEvents = 100

/** The fault `memory-leak`: about 16 KB a call stay for as long as the process lives. */
function rememberForEver(event: CartEvent): void {
  cartEvents.push(event)
}

function rememberRecent(event: CartEvent): void {
  cartEvents.push(event)
  if (cartEvents.length > 2 * recentEvents) cartEvents = cartEvents.slice(-recentEvents)
}

function renderCart(lines: readonly CartLine[]): readonly string[] {
  const rows = lines.map((line) => `${line.quantity} x ${line.name} at ${(line.price_cents / 100).toFixed(2)}`)
  return Array.from({ length: 200 }, (_, row) => rows[row] ?? `${row}: `.padEnd(60, '.'))
}
