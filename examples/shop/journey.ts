// A customer's way through the demo shop: log in, look around, search, look at a product, put it into the cart, order.
//
//   perfwright run examples/shop/journey.ts -e BASE_URL=http://127.0.0.1:8080
//   k6 run examples/shop/journey.ts -e BASE_URL=http://127.0.0.1:8080
import { check, fail, group, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import { randomIntBetween, randomItem } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js'
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js'

interface Customer {
  username: string
  password: string
  search: string
}

interface Product {
  id: number
  name: string
  price_cents: number
}

const baseUrl = __ENV.BASE_URL || 'http://127.0.0.1:8080'
const vus = Number(__ENV.VUS || 20)
/** Seconds; every think time is multiplied by it. */
const pace = Number(__ENV.PACE || 1)

// Parsed once and shared by all VUs.
const customers = new SharedArray<Customer>('customers', () => {
  return papaparse.parse(open('./users.csv'), { header: true, skipEmptyLines: true }).data
})

const ordersPlaced = new Counter('orders_placed')
const orderValue = new Trend('order_value_cents')

export const options = {
  scenarios: {
    customers: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [
        { duration: '10s', target: vus },
        { duration: '15s', target: vus },
        { duration: '5s', target: 0 },
      ],
      gracefulRampDown: '5s',
      gracefulStop: '5s',
    },
  },
  thresholds: {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<600'],
    'http_req_duration{name:GET /search}': ['p(95)<400'],
    'http_req_duration{name:POST /orders}': ['p(95)<800'],
    orders_placed: ['count>0'],
  },
}

export default function journey() {
  const customer = randomItem(customers)
  const auth = logIn(customer)
  think(0.5, 1)
  browse()
  think(0.5, 1)
  const product = search(customer.search)
  think(0.3, 0.8)
  look(product)
  think(0.3, 0.8)
  order(product, auth)
}

function logIn(customer: Customer): string {
  return group('login', () => {
    const credentials = JSON.stringify({ username: customer.username, password: customer.password })
    const response = http.post(`${baseUrl}/login`, credentials, params('POST /login'))
    const ok = check(response, {
      'login: status is 200': (r) => r.status === 200,
      'login: has a token': (r) => typeof r.json('token') === 'string',
    })
    if (!ok) fail(`${customer.username} cannot log in: ${response.status}`)
    return `Bearer ${response.json('token')}`
  })
}

function browse(): void {
  group('browse', () => {
    const categories = http.get(`${baseUrl}/categories`, params('GET /categories'))
    check(categories, { 'categories: 20 of them': (r) => r.json('categories.#') === 20 })

    const first = http.get(`${baseUrl}/products`, params('GET /products'))
    check(first, { 'products: a full page': (r) => r.json('products.#') === 20 })
    think(0.3, 0.6)

    // To somewhere deep in the list, as with a price slider, and one page on from there.
    const jump = randomItem(first.json('jump') as string[])
    const deep = http.get(`${baseUrl}/products?cursor=${jump}`, params('GET /products'))
    const next = http.get(`${baseUrl}/products?cursor=${deep.json('next')}`, params('GET /products'))
    check(next, { 'products: deep pages are full': (r) => r.status === 200 && r.json('products.#') === 20 })
  })
}

function search(text: string): Product {
  return group('search', () => {
    const response = http.get(`${baseUrl}/search?q=${encodeURIComponent(text)}`, params('GET /search'))
    const found = response.json('products') as Product[]
    check(response, {
      'search: status is 200': (r) => r.status === 200,
      'search: finds what was asked for': () => found.every((p) => p.name.toLowerCase().startsWith(text)),
    })
    if (found.length === 0) fail(`nothing found for ${text}`)
    return randomItem(found)
  })
}

function look(product: Product): void {
  group('product', () => {
    const response = http.get(`${baseUrl}/products/${product.id}`, params('GET /products/:id'))
    check(response, { 'product: is the one asked for': (r) => r.json('product.name') === product.name })
  })
}

function order(product: Product, auth: string): void {
  group('order', () => {
    const line = JSON.stringify({ product: product.id, quantity: randomIntBetween(1, 3) })
    const cart = http.post(`${baseUrl}/cart`, line, params('POST /cart', auth))
    check(cart, { 'cart: status is 200': (r) => r.status === 200 })
    think(0.3, 0.8)

    const placed = http.post(`${baseUrl}/orders`, null, params('POST /orders', auth))
    // 409: another VU that is the same customer has just ordered what was in the cart.
    const ok = check(placed, { 'order: placed': (r) => r.status === 201 || r.status === 409 })
    if (ok && placed.status === 201) {
      ordersPlaced.add(1)
      orderValue.add(placed.json('total_cents') as number)
    }

    const history = http.get(`${baseUrl}/orders`, params('GET /orders', auth))
    check(history, { 'orders: ten newest': (r) => r.json('orders.#') === 10 })
  })
}

function params(name: string, auth?: string) {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (auth !== undefined) headers.Authorization = auth
  return { headers, tags: { name }, responseCallback: http.expectedStatuses(200, 201, 409) }
}

function think(fromSeconds: number, toSeconds: number): void {
  sleep(pace * (fromSeconds + Math.random() * (toSeconds - fromSeconds)))
}
