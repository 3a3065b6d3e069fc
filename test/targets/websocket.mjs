// WebSocket endpoints for tests, served by the npm package `ws`: another make than our client. `attachWebSocket(server)`
// adds them to a server; the path says what a connection does.
import { createHash } from 'node:crypto'
import { WebSocketServer } from 'ws'

/** Adds the endpoints to an http or https server; answers what it has seen. */
export function attachWebSocket(server) {
  const seen = { opened: 0, closed: [], messages: 0 }
  const pick = (protocols) => (protocols.has('pick-me') ? 'pick-me' : protocols.values().next().value)
  const plain = new WebSocketServer({ noServer: true, handleProtocols: pick, maxPayload: 64 << 20 })
  const deflating = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    const url = new URL(request.url, 'http://localhost')
    const [, route = '', argument = ''] = url.pathname.split('/')
    if (raw[route] !== undefined) return raw[route](socket, request, argument)
    const wss = route === 'ws-deflate' ? deflating : plain
    wss.handleUpgrade(request, socket, head, (ws) => {
      seen.opened++
      ws.on('error', () => {})
      ws.on('close', (code, reason) => seen.closed.push({ code, reason: String(reason) }))
      ws.on('message', () => seen.messages++)
      ;(routes[route] ?? routes['ws-echo'])(ws, argument, request)
    })
  })
  plain.on('headers', (lines, request) => {
    if (request.url.startsWith('/ws-cookie')) lines.push('Set-Cookie: seen=yes; Path=/')
  })
  return seen
}

const echo = (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))

const routes = {
  'ws-echo': echo,
  'ws-deflate': echo,
  'ws-cookie': echo,
  'ws-hello': (ws) => ws.send('hello'),
  // Closes with this code once opened; /ws-close/1000
  'ws-close': (ws, code) => ws.close(Number(code) || undefined, code === '' ? undefined : `bye ${code}`),
  // Ends the TCP connection without a close frame.
  'ws-drop': (ws) => ws.terminate(),
  'ws-ping': (ws) => {
    ws.on('pong', (data) => ws.send(`pong ${data}`))
    ws.ping('from-server')
  },
  'ws-headers': (ws, _, { headers }) => {
    const { host: _host, 'sec-websocket-key': key, ...rest } = headers
    ws.send(JSON.stringify({ ...rest, keyLength: key.length }))
  },
  'ws-protocol': (ws) => ws.send(ws.protocol),
  // That many messages, as fast as it goes.
  'ws-burst': (ws, count) => {
    for (let i = 0; i < Number(count); i++) ws.send(`message ${i}`)
  },
  'ws-binary': (ws) => ws.send(Buffer.from([0, 1, 2, 253, 254, 255])),
  'ws-fragments': (ws) => {
    ws.send('one ', { fin: false })
    ws.ping('between')
    ws.send('two ', { fin: false })
    ws.send('three', { fin: true })
  },
  'ws-silent': () => {},
}

/** Endpoints that are no good WebSocket servers, or none at all. */
const raw = {
  'ws-refuse': (socket, _, status) => {
    const body = `refused with ${status}`
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Length: ${body.length}\r\nX-Why: because\r\nSet-Cookie: refused=yes; Path=/\r\nConnection: close\r\n\r\n${body}`,
    )
  },
  'ws-bad-accept': (socket) => {
    socket.end(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n',
    )
  },
  'ws-hang-up': (socket) => socket.destroy(),
  'ws-never': () => {},
  // Opens properly, then sends these bytes (hexadecimal) and ends.
  'ws-bytes': (socket, request, hex) => {
    socket.write(accepted(request))
    socket.end(Buffer.from(hex, 'hex'))
  },
  // The same, but stays.
  'ws-bytes-stay': (socket, request, hex) => {
    socket.write(accepted(request))
    socket.write(Buffer.from(hex, 'hex'))
  },
}

function accepted(request) {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}
