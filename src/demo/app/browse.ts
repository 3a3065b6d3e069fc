/**
 * GET /products?cursor=&limit=: all products by price, 20 a page unless told (at most 100). The answer has the cursor of the next page, and the first page
 * has `jump`, cursors into the depth of the list (from a quarter, from half, from three quarters on), as a price slider would.
 */
import type { RequestConnection } from './connection.js'
import { type Answer, HttpError, wholeNumber } from './http.js'
import type { ShopRequest } from './shop.js'

interface ListedProduct {
  readonly id: number
  readonly name: string
  readonly price_cents: number
  readonly [column: string]: unknown
}

interface Page {
  readonly products: readonly ListedProduct[]
  readonly next: string | null
}

const depths = [0.25, 0.5, 0.75]
/** A slider stands somewhere else each time: else a few pages would be asked for over and over, and come out of a cache. */
let asked = 0
const golden = 0.618034
const slide = 0.2

export async function browseProducts({ shop, connection, url }: ShopRequest): Promise<Answer> {
  const cursor = url.searchParams.get('cursor')
  const byOffset = shop.faults.has('offset-pagination')
  const limit = wholeNumber('limit', url.searchParams.get('limit') ?? 20, 1, 100)
  const page = byOffset ? await pageByOffset(connection, cursor, limit) : await pageByKeyset(connection, cursor, limit)
  if (cursor !== null) return { status: 200, body: page }
  asked++
  const jump = depths.map((depth, i) => {
    const at = depth + slide * (((asked + i) * golden) % 1)
    return byOffset ? offsetAt(at, shop.productCount) : keyAt(at)
  })
  return { status: 200, body: { ...page, jump } }
}

/** The fault `offset-pagination`: the cursor is a number of rows to skip, and skipping them is work. */
async function pageByOffset(connection: RequestConnection, cursor: string | null, limit: number): Promise<Page> {
  if (cursor !== null && !/^o\d{1,9}$/.test(cursor)) throw new HttpError(400, 'no such cursor')
  const offset = cursor === null ? 0 : Number(cursor.slice(1))
  const products = await connection.query<ListedProduct>(
    'select id, name, price_cents from products order by price_cents, id limit $1 offset $2',
    [limit, offset],
  )
  return { products, next: products.length < limit ? null : `o${offset + limit}` }
}

/** The cursor is the last row seen, so that any page costs as much as the first. */
async function pageByKeyset(connection: RequestConnection, cursor: string | null, limit: number): Promise<Page> {
  const key = /^k(\d{1,9})-(\d{1,9})$/.exec(cursor ?? 'k0-0')
  if (key === null) throw new HttpError(400, 'no such cursor')
  const products = await connection.query<ListedProduct>(
    `select id, name, price_cents from products where (price_cents, id) > ($1, $2)
     order by price_cents, id limit $3`,
    [Number(key[1]), Number(key[2]), limit],
  )
  const last = products[limit - 1]
  return { products, next: last === undefined ? null : `k${last.price_cents}-${last.id}` }
}

function offsetAt(depth: number, productCount: number): string {
  return `o${Math.floor(depth * productCount)}`
}

/** Prices are spread evenly from 1.99 to 999.98, so the price stands for the depth. */
function keyAt(depth: number): string {
  return `k${199 + Math.floor(depth * 99_800)}-0`
}
