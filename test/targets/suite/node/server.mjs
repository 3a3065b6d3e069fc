// A service on node:http. Healthy, but for the defects that FAULT names: each stands in a named function of its own
// file, beside its healthy twin. PORT, DATABASE_URL, REDIS_URL and PARTNER_URL come by environment.
import { createServer } from 'node:http'
import { cart } from './cart.mjs'
import { catalogue, warmCatalogue } from './catalogue.mjs'
import { checkout } from './checkout.mjs'
import { customer, customerByEmail } from './customers.mjs'
import { buy } from './buy.mjs'
import { exportReport, status } from './export.mjs'
import { feed } from './feed.mjs'
import { notify } from './notify.mjs'
import { orders } from './orders.mjs'
import { payment } from './payment.mjs'
import { product } from './product.mjs'
import { quota } from './quota.mjs'
import { rates } from './rates.mjs'
import { search } from './search.mjs'
import { totals } from './totals.mjs'
import { visit } from './visits.mjs'

const routes = {
  '/buy': buy,
  '/cart': cart,
  '/catalogue': catalogue,
  '/checkout': checkout,
  '/customer': customer,
  '/customers': customerByEmail,
  '/export': exportReport,
  '/feed': feed,
  '/notify': notify,
  '/orders': orders,
  '/pay': payment,
  '/product': product,
  '/quota': quota,
  '/rates': rates,
  '/search': search,
  '/status': status,
  '/totals': totals,
  '/visit': visit,
}

await warmCatalogue()
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://target')
  const route = routes[url.pathname]
  if (route === undefined) return send(response, 404, { error: `no ${url.pathname}` })
  request.resume()
  request.on('end', () => {
    Promise.resolve()
      .then(() => route(url.searchParams, request))
      .then((answer) => send(response, answer?.status ?? 200, answer?.body ?? answer, answer?.headers))
      .catch((error) => send(response, 500, { error: String(error?.message ?? error) }))
  })
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.env.PORT), '127.0.0.1', 1024)

function send(response, status, body, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(text)
}
