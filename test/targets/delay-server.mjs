// A server that knows the truth: it answers after a delay drawn from a known distribution, with stalls of the whole server,
// and keeps how long each request was really in its hands. Run: node delay-server.mjs [SEED]; prints {"url"} on one line,
// ends when its standard input closes.
//   GET /        waits; 49 of 50 requests log-normal around 40 ms, every 50th 400 ms; a stall of 500 ms each 10 s
//   GET /truth   the milliseconds of all requests since the last reset, in order of arrival, as JSON
//   GET /reset   forgets them, starts the distribution and the stalls anew
import { createServer } from 'node:http'

const seed = Number(process.argv[2] ?? 1)
const stall = { everyMs: 10_000, atMs: 6000, lengthMs: 500 }
let random
let startedAt
let count
let truth
reset()

const server = createServer((request, response) => {
  const arrived = performance.now()
  if (request.url === '/truth') return response.end(JSON.stringify(truth))
  if (request.url === '/reset') {
    reset()
    return response.end()
  }
  const index = count++
  const delay = index % 50 === 49 ? 400 : 40 * Math.exp(0.25 * normal())
  const phase = (arrived - startedAt) % stall.everyMs
  const stalled = phase >= stall.atMs && phase < stall.atMs + stall.lengthMs ? stall.atMs + stall.lengthMs - phase : 0
  setTimeout(() => {
    truth[index] = performance.now() - arrived
    response.end('ok')
  }, stalled + delay)
})
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', 1024, () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`)
})
process.stdin.resume().on('end', () => process.exit(0))

function reset() {
  random = mulberry32(seed)
  startedAt = performance.now()
  count = 0
  truth = []
}

/** Box and Muller, 1958. */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function mulberry32(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
