// needs-tls
import ws from 'k6/ws'

export const options = { insecureSkipTLSVerify: __ENV.STRICT !== '1' }
const base = __ENV.TLS_URL.replace(/^http/, 'ws')

export default function () {
  const r = ws.connect(`${base}/ws-echo`, (s) => {
    s.on('open', () => s.send('secret'))
    s.on('message', (m) => {
      console.log(m)
      s.close()
    })
  })
  console.log(r.status, r.error)
}
