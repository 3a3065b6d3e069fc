// ignore: data_sent, data_received, iteration_duration, ws_session_duration
// args: --no-teardown
import ws from 'k6/ws'

const base = __ENV.BASE_URL.replace(/^http/, 'ws')
export const options = { scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '1s' } } }

export default function () {
  ws.connect(`${base}/ws-echo`, (s) => {
    s.on('open', () => s.send('x'))
    s.on('message', (m) => console.log('message', m))
    s.on('close', (c) => console.log('close', c))
    s.on('error', (e) => console.log('error', e.error()))
  })
  console.log('never reached')
}
