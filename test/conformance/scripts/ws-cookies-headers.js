import ws from 'k6/ws'
import http from 'k6/http'

const base = __ENV.BASE_URL.replace(/^http/, 'ws')
const plain = (text) => String(text).replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')

function headers(name, params) {
  ws.connect(`${base}/ws-headers`, params, (s) =>
    s.on('message', (m) => {
      console.log(name, plain(JSON.stringify(Object.entries(JSON.parse(m)).sort())))
      s.close()
    }),
  )
}

export default function () {
  http.cookieJar().set(__ENV.BASE_URL, 'mine', 'yes')
  headers('jar of the VU', {})
  ws.connect(`${base}/ws-cookie`, (s) => s.close())
  ws.connect(`${base}/ws-refuse/403`, (s) => s.close())
  headers('cookies of answers', { headers: { 'x-own': 'value', 'user-agent': 'me', 'Sec-WebSocket-Protocol': 'a, b' } })
  const jar = new http.CookieJar()
  jar.set(__ENV.BASE_URL, 'other', 'jar')
  headers('a jar of its own', { jar, compression: ' deflate ' })
  headers('a cookie by hand', { headers: { cookie: 'by=hand' } })
  console.log(JSON.stringify(http.cookieJar().cookiesForURL(__ENV.BASE_URL)))
}
