// What the examples share: the service, and a length of time that -e SCALE=0.01 shortens to try a script out.
import { check } from 'k6'
import http from 'k6/http'

export const baseUrl = __ENV.BASE_URL || 'http://127.0.0.1:8080'

/** @param seconds  @returns a duration for options */
export function time(seconds) {
  return `${Math.max(1, Math.round(seconds * Number(__ENV.SCALE || 1)))}s`
}

/** A visitor looks at a page of products and at one of them. */
export function browse() {
  const page = 1 + Math.floor(Math.random() * 50)
  const list = http.get(`${baseUrl}/products?page=${page}`, { tags: { name: 'GET /products' } })
  check(list, { 'products: status is 200': (r) => r.status === 200 })
  const id = 1 + Math.floor(Math.random() * 1000)
  const product = http.get(`${baseUrl}/products/${id}`, { tags: { name: 'GET /products/:id' } })
  check(product, { 'product: status is 200': (r) => r.status === 200 })
}
