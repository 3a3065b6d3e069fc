import ws from 'k6/ws'

export const options = { throw: true, blockHostnames: ['*.blocked.test'], hosts: { 'named.test': '127.0.0.1' }, blacklistIPs: ['10.0.0.0/8'], iterations: 1 }
const port = __ENV.BASE_URL.replace(/.*:/, '')
const plain = (text) => String(text).replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
const base = __ENV.BASE_URL.replace(/^http/, 'ws')

export default function () {
  for (const url of ['ws://127.0.0.1:1/', `${base}/ws-refuse/500`, 'ws://a.blocked.test/', 'ws://10.1.2.3/', 'http://x/']) {
    try {
      ws.connect(url, () => console.log('opened'))
    } catch (e) {
      console.log(plain(url), plain(e), e.name)
    }
  }
  const r = ws.connect(`ws://named.test:${port}/ws-hello`, (s) => s.on('message', (m) => console.log(m) || s.close()))
  console.log(r.status)
  ws.connect('ws://127.0.0.1:1/', () => {})
}
