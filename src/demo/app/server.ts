/** The shop's HTTP server: routes, one connection a request, errors as answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type pg from 'pg'
import { nowMs } from '#base/clock.js'
import { browseProducts } from './browse.js'
import { addToCart, showCart } from './cart.js'
import { listCategories } from './categories.js'
import { RequestConnection } from './connection.js'
import { type Answer, HttpError, sendJson } from './http.js'
import { login } from './login.js'
import { listOrders, placeOrder } from './orders.js'
import { showProduct } from './product.js'
import { searchProducts } from './search.js'
import type { Endpoint, Shop, ShopRequest } from './shop.js'

const routes: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  '/login': { POST: login },
  '/categories': { GET: listCategories },
  '/products': { GET: browseProducts },
  '/products/:id': { GET: showProduct },
  '/search': { GET: searchProducts },
  '/cart': { GET: showCart, POST: addToCart },
  '/orders': { GET: listOrders, POST: placeOrder },
}

export function createShopServer(shop: Shop, pool: pg.Pool): Server {
  return createServer({ keepAliveTimeout: 60_000 }, (request, response) => void serve(shop, pool, request, response))
}

async function serve(shop: Shop, pool: pg.Pool, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  const connection = new RequestConnection(pool)
  const startMs = nowMs()
  let answer: Answer
  try {
    answer = await dispatch(shop, pool, raw, connection)
  } catch (error) {
    answer = errorAnswer(error)
  }
  await connection.release()
  raw.resume()
  const timing = `app;dur=${(nowMs() - startMs).toFixed(1)}, db;desc="${connection.queries} queries"`
  sendJson(response, { ...answer, headers: { ...answer.headers, 'server-timing': timing } })
}

async function dispatch(
  shop: Shop,
  pool: pg.Pool,
  raw: IncomingMessage,
  connection: RequestConnection,
): Promise<Answer> {
  if (!URL.canParse(raw.url ?? '', 'http://shop')) throw new HttpError(400, 'no such address')
  const url = new URL(raw.url ?? '', 'http://shop')
  const product = /^\/products\/([^/]+)$/.exec(url.pathname)
  const path = product === null ? url.pathname : '/products/:id'
  if (path === '/healthz') return health(shop, pool, url)
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (methods === undefined) throw new HttpError(404, `nothing at ${url.pathname}`)
  const method = raw.method ?? 'GET'
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (endpoint === undefined) {
    return { ...errorAnswer(new HttpError(405, `not ${method}`)), headers: { allow: Object.keys(methods).join(', ') } }
  }
  const request: ShopRequest = { shop, url, raw, connection, id: product?.[1] ?? '' }
  return endpoint(request)
}

/** `?gc` collects garbage first where node runs with --expose-gc, so that what remains is what something holds. */
function health(shop: Shop, pool: pg.Pool, url: URL): Answer {
  if (url.searchParams.has('gc')) globalThis.gc?.()
  return {
    status: 200,
    body: {
      status: 'ok',
      faults: [...shop.faults],
      products: shop.productCount,
      pool: { max: pool.options.max, open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
      heap_used_bytes: process.memoryUsage().heapUsed,
    },
  }
}

function errorAnswer(error: unknown): Answer {
  if (error instanceof HttpError) return { status: error.status, body: { error: error.message } }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return { status: 500, body: { error: 'internal error' } }
}
