/** The payment provider, a third party: another process that takes `SHOP_PAYMENT_LATENCY_MS` to answer. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '#base/clock.js'
import { ready, stopWithParent } from './child.js'

stopWithParent()
const latencyMs = Number(process.env.SHOP_PAYMENT_LATENCY_MS)
let payments = 0
const server = createServer({ keepAliveTimeout: 60_000 }, answerLate)
server.listen(0, '127.0.0.1', () => {
  ready({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

function answerLate(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  systemClock.coarseAt(systemClock.nowNs() + latencyMs * 1e6, () => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ payment: ++payments, status: 'paid' }))
  })
}
