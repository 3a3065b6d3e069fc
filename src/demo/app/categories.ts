/** GET /categories: the categories with their number of products and lowest price. */
import type { RequestConnection } from './connection.js'
import type { Answer } from './http.js'
import type { Shop, ShopRequest } from './shop.js'

export interface CategoryCount {
  readonly id: number
  readonly name: string
  readonly products: number
  readonly from_cents: number
  readonly [column: string]: unknown
}

export async function listCategories({ shop, connection }: ShopRequest): Promise<Answer> {
  const categories = shop.faults.has('no-cache')
    ? await countEveryTime(connection)
    : await countCached(shop, connection)
  return { status: 200, body: { categories } }
}

/** The fault `no-cache`: a scan of all products for an answer that hardly ever changes. */
function countEveryTime(connection: RequestConnection): Promise<CategoryCount[]> {
  return countProducts(connection)
}

function countCached(shop: Shop, connection: RequestConnection): Promise<readonly CategoryCount[]> {
  return shop.categories.get('all', () => countProducts(connection))
}

function countProducts(connection: RequestConnection): Promise<CategoryCount[]> {
  return connection.query<CategoryCount>(
    `select c.id, c.name, count(p.id)::int as products, min(p.price_cents) as from_cents
     from categories c left join products p on p.category_id = c.id
     group by c.id, c.name order by c.id`,
  )
}
