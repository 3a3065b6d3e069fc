// The partner that the services call: a payment provider. Healthy it answers /charge in 20 ms; with FAULT=late in 700 ms.
//   /fast at once   /quick 25 ms   /slower 40 ms   /charge 20 ms, or late   PORT by environment
import { createServer } from 'node:http'

const delaysMs = { '/fast': 0, '/quick': 25, '/slower': 40, '/charge': process.env.FAULT === 'late' ? 700 : 20 }

const server = createServer((request, response) => {
  request.resume()
  const delayMs = delaysMs[request.url] ?? 0
  const answer = () => response.end('{"accepted":true}')
  if (delayMs === 0) answer()
  else setTimeout(answer, delayMs)
})
server.keepAliveTimeout = 120_000
server.listen(Number(process.env.PORT), '127.0.0.1', 4096)
