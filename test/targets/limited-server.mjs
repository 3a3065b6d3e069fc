// A server whose limits are known: node limited-server.mjs PORT
//   /pool    a pool of 4, 20 ms each: 200/s, and a knee at 4 in flight (Little's law)
//   /leak    keeps 20 kB of every request for ever
//   /kept    the same work, nothing kept
import { createServer } from 'node:http'

const size = 4
const holdMs = 20
let busy = 0
const waiting = []
const kept = []

const server = createServer((request, response) => {
  if (request.url === '/pool') {
    waiting.push(response)
    next()
    return
  }
  const block = Buffer.alloc(20_000, 1)
  if (request.url === '/leak') kept.push(block)
  response.end(String(block.length))
})

function next() {
  while (busy < size && waiting.length > 0) {
    const response = waiting.shift()
    busy++
    setTimeout(() => {
      busy--
      response.end('done')
      next()
    }, holdMs)
  }
}

server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('listening\n'))
