// k6: 2
// needs-grpc
// ordered
import { Client, Stream } from 'k6/net/grpc'

const server = JSON.parse(__ENV.GRPC_SERVER)
const client = new Client()
client.load([__ENV.GRPC_PROTOS], 'echo.proto')
const name = 'perfwright.test.v1.Streams/'

function listen(stream, label) {
  return new Promise((resolve) => {
    stream.on('data', (m, meta) => console.log(label, 'data', JSON.stringify(m), Object.keys(meta), typeof meta.ts, meta.ts > 1e9))
    stream.on('error', (e, meta) => console.log(label, 'error', label === 'late' ? '' : JSON.stringify(e), Object.keys(e).sort(), typeof e.code, String(e.code), Object.keys(meta)))
    stream.on('end', (x, meta) => {
      console.log(label, 'end', JSON.stringify(x), Object.keys(meta))
      resolve()
    })
  })
}
function show(label, f) {
  try {
    console.log(label, JSON.stringify(f()))
  } catch (e) {
    console.log(label, 'throws', String(e), e.name)
  }
}

export default async function () {
  client.connect(server.plain, { plaintext: true })
  const count = new Stream(client, `${name}Count`)
  show('keys', () => [Object.keys(count), typeof count.on, String(count)])
  let ended = listen(count, 'count')
  count.write({ to: 3 })
  count.end()
  await ended

  const failing = new Stream(client, `${name}Count`, { tags: { mine: 'yes' } })
  ended = listen(failing, 'failing')
  failing.write({ to: 1, code: 9 })
  await ended

  const sum = new Stream(client, `${name}Sum`)
  ended = listen(sum, 'sum')
  for (let i = 1; i < 5; i++) sum.write({ value: i })
  sum.write({ value: '7' })
  sum.end()
  sum.end()
  sum.write({ value: 100 })
  await ended

  const double = new Stream(client, `/${name}Double`)
  ended = new Promise((resolve) => {
    let got = 0
    double.on('data', (m) => {
      console.log('double', JSON.stringify(m))
      if (++got === 3) double.end()
      else double.write({ value: m.value })
    })
    double.on('end', () => {
      console.log('double end')
      resolve()
    })
  })
  double.write({ value: 1 })
  await ended

  const late = new Stream(client, `${name}Count`, { timeout: 100 })
  ended = listen(late, 'late')
  late.write({ to: 2, pauseMs: 5000 })
  await ended

  const discard = new Stream(client, `${name}Count`, { discardResponseMessage: true })
  ended = listen(discard, 'discard')
  discard.write({ to: 2 })
  await ended

  const quiet = new Stream(client, `${name}Count`)
  ended = new Promise((resolve) => quiet.on('end', resolve))
  quiet.write({ code: 5 })
  await ended

  show('unknown event', () => quiet.on('nothing', () => {}))
  show('no handler', () => quiet.on('data'))
  show('method', () => new Stream(client, `${name}Nothing`))
  show('no method', () => new Stream(client, ''))
  show('params', () => new Stream(client, `${name}Count`, { x: 1 }))
  show('metadata', () => new Stream(client, `${name}Count`, { metadata: { a: 1 } }))
  const empty = new Stream(client, `${name}Count`)
  ended = listen(empty, 'empty')
  empty.write(null)
  empty.write()
  empty.write({ to: 0 })
  await ended
  client.close()
}
