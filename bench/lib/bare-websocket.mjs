// The ceilings of a WebSocket echo in Node: `ws` is the npm package's client without any load tool around it, `bare` a
// socket that writes one ready-made frame and takes the next chunk for its echo.
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { WebSocket } from 'ws'

const [, , kind, url, connections, seconds, bytes] = process.argv
const message = 'x'.repeat(Number(bytes))
const until = performance.now() + Number(seconds) * 1000
let count = 0
const over = () => (++count & 255) === 0 && performance.now() > until

for (let i = 0; i < Number(connections); i++) (kind === 'ws' ? packaged : bare)()

function packaged() {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('open', () => socket.send(message))
  socket.on('message', (data) => {
    if (over()) finish()
    if (data.toString().length === message.length) socket.send(message)
  })
}

function bare() {
  const { hostname, port, pathname } = new URL(url)
  const mask = randomBytes(4)
  const head =
    message.length < 126 ? [0x81, 0x80 | message.length] : [0x81, 0xfe, message.length >> 8, message.length & 255]
  const payload = Buffer.from(message).map((byte, at) => byte ^ mask[at & 3])
  const frame = Buffer.concat([Buffer.from(head), mask, payload]).toString('latin1')
  let open = false
  const socket = net.connect({
    host: hostname,
    port: Number(port),
    onread: {
      buffer: Buffer.alloc(65536),
      callback() {
        if (open && over()) finish()
        open = true
        socket.write(frame, 'latin1')
        return true
      },
    },
  })
  socket.setNoDelay(true)
  socket.on('connect', () =>
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    ),
  )
}

function finish() {
  process.stdout.write(`messages ${count}\n`)
  process.exit(0)
}
