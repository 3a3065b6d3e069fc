// Every VU sends a message, waits for it to come back, and sends the next, until the time is over.
import ws from 'k6/ws'

const message = 'x'.repeat(Number(__ENV.BYTES || 64))

export default function () {
  ws.connect(__ENV.URL, (socket) => {
    socket.on('open', () => socket.send(message))
    socket.on('message', () => socket.send(message))
    socket.setTimeout(() => socket.close(1000), Number(__ENV.SECONDS) * 1000)
  })
}
