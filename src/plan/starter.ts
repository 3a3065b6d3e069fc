/** The journey that a plan starts with: a k6 script in TypeScript and the CSV that feeds it. */
import { seededRandom } from '#base/random.js'

/**
 * Uses k6's own API alone, so that it runs on k6 too. It has no options: load and objectives are the plan's.
 * @param csv    file name beside the script
 * @param think  think time, seconds
 */
export function starterScript(csv: string, think: number): string {
  const [from, to] = [Number((think * 0.5).toFixed(3)), Number((think * 1.5).toFixed(3))]
  return `// The way of a user: log in, browse, buy. Change paths and bodies to those of your service; keep the names (tags), which
// hold the numbers of an endpoint together whatever ids stand in its URL.
//
//   perfwright run plan.yaml
//   k6 run journey.ts -e BASE_URL=http://127.0.0.1:8080
import { check, fail, group, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import http from 'k6/http'

interface User {
  username: string
  password: string
  product: string
}

const baseUrl = __ENV.BASE_URL || 'http://127.0.0.1:8080'
/** Think times are multiplied by it: -e PACE=0.1 to try the script out. */
const pace = Number(__ENV.PACE || 1)

// Read once and shared by all VUs. Put real users and ids into it, as many as production has in an hour: a test that asks
// for twenty products over and over measures a cache.
const users = new SharedArray<User>('users', () => {
  const [head = '', ...lines] = open('./${csv}').trim().split(/\\r?\\n/)
  const names = head.split(',')
  // For fields that hold commas: papaparse, https://jslib.k6.io/papaparse/5.1.1/index.js
  return lines.map((line) => {
    const values = line.split(',')
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? ''])) as unknown as User
  })
})

export default function journey() {
  const user = users[Math.floor(Math.random() * users.length)] as User
  const token = logIn(user)
  think()
  browse()
  think()
  buy(user.product, token)
  think()
}

function logIn(user: User): string {
  return group('login', () => {
    const body = JSON.stringify({ username: user.username, password: user.password })
    const response = http.post(\`\${baseUrl}/login\`, body, params('POST /login'))
    if (!check(response, { 'login: status is 200': (r) => r.status === 200 })) fail(\`login: status \${response.status}\`)
    return String(response.json('token') ?? '')
  })
}

function browse(): void {
  group('browse', () => {
    const list = http.get(\`\${baseUrl}/products\`, params('GET /products'))
    check(list, { 'browse: status is 200': (r) => r.status === 200 })
  })
}

function buy(product: string, token: string): void {
  group('buy', () => {
    const page = http.get(\`\${baseUrl}/products/\${product}\`, params('GET /products/:id'))
    check(page, { 'product: status is 200': (r) => r.status === 200 })
    think()
    const line = JSON.stringify({ product: Number(product), quantity: 1 })
    const cart = http.post(\`\${baseUrl}/cart\`, line, params('POST /cart', token))
    check(cart, { 'cart: status is 200': (r) => r.status === 200 })
    think()
    // 409 is an answer too: the same user has just ordered what was in the cart.
    const order = http.post(\`\${baseUrl}/orders\`, null, params('POST /orders', token))
    check(order, { 'order: placed': (r) => r.status === 201 || r.status === 409 })
  })
}

function params(name: string, token?: string) {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (token !== undefined) headers.Authorization = \`Bearer \${token}\`
  return { headers, tags: { name }, responseCallback: http.expectedStatuses(200, 201, 409) }
}

function think(): void {
  sleep(pace * (${from} + Math.random() * ${Number((to - from).toFixed(3))}))
}
`
}

/** Requests of one journey, and pauses in it. */
export const starterRequests = 5

/** Users of the bundled shop, to begin with. */
export function starterCsv(rows = 1000): string {
  const random = seededRandom(1)
  const lines = Array.from({ length: rows }, (_, i) => {
    const user = `user${String(i + 1).padStart(4, '0')}`
    return `${user},perfwright-demo,${1 + Math.floor(random() * 100_000)}`
  })
  return `username,password,product\n${lines.join('\n')}\n`
}
