// A site with everything that makes a recording hard to replay: a CSRF token in a form, a redirect after the login, a
// session cookie that changes, a bearer token in an inline script, a token in a meta tag, keys of what was just created,
// a 404 that belongs to the page, static files, another host. It notes every request and what was wrong with it.
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

export const PASSWORD = 'correct-horse-9-battery'

/** @returns {Promise<{ url: string, requests: { method: string, path: string, headers: object, body: string, problem: string | undefined, status: number }[], close(): Promise<void> }>} */
export async function startLoginSite({ port = 0 } = {}) {
  const requests = []
  const sessions = new Map()
  const orders = new Map()
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      const path = request.url ?? '/'
      const entry = { method: request.method, path, headers: request.headers, body, problem: undefined, status: 0 }
      requests.push(entry)
      const answer = respond(entry, Buffer.concat(chunks).toString('utf8'), {
        sessions,
        orders,
        port: server.address().port,
      })
      entry.status = answer.status
      response.writeHead(answer.status, { 'content-type': 'text/html; charset=utf-8', ...answer.headers })
      response.end(answer.body ?? '')
    })
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

function respond(entry, body, { sessions, orders, port }) {
  const url = new URL(entry.path, 'http://site')
  const cookies = new Map((entry.headers.cookie ?? '').split('; ').map((pair) => pair.split(/=(.*)/s)))
  const session = sessions.get(cookies.get('sid'))
  const refuse = (status, problem) => {
    entry.problem = problem
    return { status, body: problem }
  }
  const json = (status, value, headers = {}) => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  })
  const api = () => session !== undefined && entry.headers.authorization === `Bearer ${session.token}`
  const route = `${entry.method} ${url.pathname.replace(/\d+/g, ':n')}`
  switch (route) {
    case 'GET /':
      return {
        status: 200,
        body: page(
          'Home',
          `<a id="in" href="/login?from=home">Log in</a><img src="http://localhost:${port}/pixel.png">`,
        ),
      }
    case 'GET /login': {
      const sid = randomBytes(12).toString('hex')
      const csrf = randomBytes(18).toString('base64')
      sessions.set(sid, { csrf, user: undefined })
      return {
        status: 200,
        headers: { 'set-cookie': `sid=${sid}; Path=/; HttpOnly` },
        body: page(
          'Log in',
          `<form method="post" action="/login"><input type="hidden" name="_csrf" value="${csrf}">
           <input name="user"><input name="password" type="password"><button id="go">Go</button></form>`,
        ),
      }
    }
    case 'POST /login': {
      const form = new URLSearchParams(body)
      if (session === undefined) return refuse(403, 'no session')
      if (form.get('_csrf') !== session.csrf) return refuse(403, 'wrong CSRF token in the form')
      if (form.get('password') !== PASSWORD) return refuse(403, 'wrong password')
      const sid = randomBytes(12).toString('hex')
      const token = jwt({ sub: form.get('user'), jti: randomUUID() })
      sessions.set(sid, { user: form.get('user'), token, page: randomBytes(16).toString('hex') })
      return { status: 302, headers: { location: '/account', 'set-cookie': `sid=${sid}; Path=/; HttpOnly` } }
    }
    case 'GET /account':
      if (session?.user === undefined) return refuse(403, 'not logged in')
      return {
        status: 200,
        body: page(
          `Account of ${session.user}`,
          `<meta name="csrf-token" content="${session.page}"><script>window.api = {"token":"${session.token}"}</script>
           <button id="buy">Buy</button><pre id="out"></pre><script src="/account.js"></script>`,
        ),
      }
    case 'GET /api/items':
      return api()
        ? json(200, [
            { id: 3, name: 'Lamp' },
            { id: 4, name: 'Desk' },
          ])
        : refuse(401, 'no bearer token')
    case 'GET /api/recommendations':
      return json(404, { error: 'none' })
    case 'POST /api/orders': {
      if (!api()) return refuse(401, 'no bearer token')
      if (entry.headers['x-csrf-token'] !== session.page) return refuse(403, 'wrong CSRF token in the header')
      const order = {
        id: 100_000 + orders.size * 7 + Math.floor(Math.random() * 1e6),
        receipt: randomUUID(),
        ...JSON.parse(body),
      }
      orders.set(order.id, order)
      return json(201, { order: { id: order.id, receipt: order.receipt } })
    }
    case 'GET /api/orders/:n': {
      if (!api()) return refuse(401, 'no bearer token')
      const order = orders.get(Number(url.pathname.split('/').at(-1)))
      if (order === undefined) return refuse(404, 'an order that nobody made')
      return url.searchParams.get('receipt') === order.receipt ? json(200, order) : refuse(403, 'wrong receipt')
    }
    case 'GET /style.css':
      return { status: 200, headers: { 'content-type': 'text/css' }, body: 'body { font-family: sans-serif }' }
    case 'GET /account.js':
      return { status: 200, headers: { 'content-type': 'text/javascript' }, body: ACCOUNT_JS }
    case 'GET /pixel.png':
    case 'GET /favicon.ico':
      return { status: 200, headers: { 'content-type': 'image/png' }, body: '' }
    default:
      return refuse(404, `no such page: ${route}`)
  }
}

function page(title, body) {
  return `<!doctype html><html><head><title>${title}</title><link rel="stylesheet" href="/style.css"></head><body><h1>${title}</h1>${body}</body></html>`
}

function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${head}.${createHmac('sha256', 'secret').update(head).digest('base64url')}`
}

const ACCOUNT_JS = `
const headers = { authorization: 'Bearer ' + window.api.token }
const show = (text) => { document.getElementById('out').textContent = text }
fetch('/api/items', { headers }).then((r) => r.json()).then((items) => show(items.length + ' items'))
fetch('/api/recommendations')
document.getElementById('buy').onclick = async () => {
  const csrf = document.querySelector('meta[name=csrf-token]').content
  const made = await fetch('/api/orders', {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-csrf-token': csrf },
    body: JSON.stringify({ item: 3, note: "for O'Neil \\u2028 \`\${1}\` */ end", tags: ['a', 'b'] }),
  }).then((r) => r.json())
  await fetch('/api/orders/' + made.order.id + '?receipt=' + made.order.receipt, { headers })
  show('bought')
}
`
