// A chat: every user says something each second and waits for its echo; the way there and back is a metric.
import { check } from 'k6'
import { Trend } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'

const url = __ENV.WS_URL || 'ws://127.0.0.1:8080/chat'
const messages = Number(__ENV.MESSAGES || 10)
const echo = new Trend('chat_echo', true)

export const options = { vus: 4, iterations: 8, thresholds: { chat_echo: ['p(95)<200'], checks: ['rate==1'] } }

export default function () {
  const socket = new WebSocket(url)
  let heard = 0
  socket.addEventListener('open', () => {
    const timer = setInterval(() => socket.send(JSON.stringify({ said: Date.now() })), 100)
    socket.addEventListener('message', ({ data }) => {
      echo.add(Date.now() - JSON.parse(data).said)
      heard++
      if (heard < messages) return
      clearInterval(timer)
      socket.close()
    })
  })
  socket.addEventListener('close', () => check(heard, { 'every message came back': (n) => n >= messages }))
}
