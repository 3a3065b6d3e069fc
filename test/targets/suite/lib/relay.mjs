// A stretch of network in one process: passes TCP on to TO (host:port), every chunk DELAY_MS later, in each direction,
// and at most BYTES_PER_S from there to here. PORT by environment. Without DELAY_MS and BYTES_PER_S it only passes on.
import { connect, createServer } from 'node:net'

const [host, port] = (process.env.TO ?? '').split(':')
const delayMs = Number(process.env.DELAY_MS ?? 0)
const bytesPerS = Number(process.env.BYTES_PER_S ?? Number.POSITIVE_INFINITY)
const PACKET = 1448
/** When the shared line is free again. */
let freeAt = performance.now()

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ host, port: Number(port), noDelay: true })
  pass(near, far, Number.POSITIVE_INFINITY)
  pass(far, near, bytesPerS)
})
server.listen(Number(process.env.PORT), '127.0.0.1', 4096)

/** Chunks leave in the order in which they came, each when it is due. */
function pass(from, to, rate) {
  const queue = []
  let timer
  from.on('data', (chunk) => {
    for (const slice of slicesOf(chunk, rate)) queue.push({ chunk: slice, due: dueAt(slice.length, rate) })
    // A full line: the sender's window closes.
    if (rate !== Number.POSITIVE_INFINITY && queue.length > 64) from.pause()
    drain()
  })
  from.on('end', () => setTimeout(() => to.end(), delayMs + 1))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), delayMs + 1000))

  function drain() {
    clearTimeout(timer)
    while (queue.length > 0 && queue[0].due <= performance.now()) {
      if (!to.destroyed) to.write(queue[0].chunk)
      queue.shift()
    }
    if (queue.length > 0) timer = setTimeout(drain, Math.max(1, queue[0].due - performance.now()))
    else if (from.isPaused()) from.resume()
  }
}

/** A line carries packets: what is large arrives little by little. */
function slicesOf(chunk, rate) {
  if (rate === Number.POSITIVE_INFINITY) return [chunk]
  const slices = []
  for (let at = 0; at < chunk.length; at += PACKET) slices.push(chunk.subarray(at, at + PACKET))
  return slices
}

function dueAt(bytes, rate) {
  const now = performance.now()
  if (rate === Number.POSITIVE_INFINITY) return now + delayMs
  freeAt = Math.max(freeAt, now) + (bytes / rate) * 1000
  return freeAt + delayMs
}
