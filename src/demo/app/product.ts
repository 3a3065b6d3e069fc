/** GET /products/:id: one product and what goes with it. */
import type { RequestConnection } from './connection.js'
import { type Answer, HttpError, wholeNumber } from './http.js'
import type { ShopRequest } from './shop.js'

export async function showProduct({ shop, connection, id }: ShopRequest): Promise<Answer> {
  const productId = wholeNumber('id', id, 1, 2 ** 31 - 1)
  const page = shop.faults.has('over-fetching')
    ? await loadEverything(connection, productId)
    : await loadProductPage(connection, productId)
  if (page.product === undefined) throw new HttpError(404, `no product ${productId}`)
  return { status: 200, body: page }
}

interface ProductPage {
  readonly product: Record<string, unknown> | undefined
  readonly related: readonly Record<string, unknown>[]
}

/** The fault `over-fetching`: whole rows, ten times as many as the page shows. */
async function loadEverything(connection: RequestConnection, id: number): Promise<ProductPage> {
  const [product] = await connection.query('select * from products where id = $1', [id])
  if (product === undefined) return { product, related: [] }
  const related = await connection.query(
    'select * from products where category_id = $1 and id > $2 order by id limit 60',
    [product.category_id, id],
  )
  return { product, related }
}

async function loadProductPage(connection: RequestConnection, id: number): Promise<ProductPage> {
  const [product] = await connection.query(
    'select id, category_id, name, price_cents, stock, summary from products where id = $1',
    [id],
  )
  if (product === undefined) return { product, related: [] }
  const related = await connection.query(
    'select id, name, price_cents from products where category_id = $1 and id > $2 order by id limit 6',
    [product.category_id, id],
  )
  return { product, related }
}
