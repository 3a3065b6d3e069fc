// A small shop server whose work per request can be raised by a share: PLANTED=0.2 makes a request cost 20 % more CPU.
// The work is what servers do: build rows, sort, serialize, parse. Sizes are in units, so that a share of them is exact;
// OVERHEAD (units that node:http costs itself, measured by the bench) is planted on too.
import { createServer } from 'node:http'

const units = Number(process.env.UNITS ?? 40)
const planted = Number(process.env.PLANTED ?? 0)
const overhead = Number(process.env.OVERHEAD ?? 0)
const exact = units + (units + overhead) * planted
let carried = 0

createServer((request, response) => {
  const page = Number(/page=(\d+)/.exec(request.url)?.[1] ?? 1)
  // Parts of a unit are carried over to the next request.
  carried += exact
  const now = Math.floor(carried)
  carried -= now
  let text = ''
  for (let i = 0; i < now; i++) text = unit(page + i)
  response.writeHead(200, { 'content-type': 'application/json', 'x-units': String(now) })
  response.end(unit(page) || text)
}).listen(Number(process.env.PORT), '127.0.0.1')

function unit(seed) {
  const rows = []
  for (let i = 0; i < 12; i++) rows.push({ id: (seed * 7919 + i * 104729) % 1000, name: `item ${i}`, price: i * 3.5 })
  rows.sort((x, y) => x.id - y.id)
  return JSON.stringify(JSON.parse(JSON.stringify(rows)))
}
