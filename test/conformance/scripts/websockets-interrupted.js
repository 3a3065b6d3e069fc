// ignore: data_sent, data_received, iteration_duration
import { WebSocket } from 'k6/websockets'

const base = __ENV.BASE_URL.replace(/^http/, 'ws')
export const options = { scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '1s' } } }

export default function () {
  const w = new WebSocket(`${base}/ws-echo`)
  w.onopen = () => w.send('x')
  w.onmessage = (e) => console.log('message', e.data)
  w.onclose = (e) => console.log('close', e.code)
  w.onerror = (e) => console.log('error', e.error)
}
