// As ws-echo.js, by the browser's API.
import { WebSocket } from 'k6/websockets'

const message = 'x'.repeat(Number(__ENV.BYTES || 64))

export default function () {
  const socket = new WebSocket(__ENV.URL)
  socket.addEventListener('open', () => {
    socket.send(message)
    setTimeout(() => socket.close(), Number(__ENV.SECONDS) * 1000)
  })
  socket.addEventListener('message', () => {
    if (socket.readyState === 1) socket.send(message)
  })
}
