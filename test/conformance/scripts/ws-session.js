// ordered
import ws from 'k6/ws'
import { check } from 'k6'
import http from 'k6/http'

const base = __ENV.BASE_URL.replace(/^http/, 'ws')
export const options = { iterations: 2, thresholds: { ws_sessions: ['count==26'], ws_connecting: ['min>0'], ws_session_duration: ['min>0'], 'ws_ping{step:echo}': ['max>=0'] } }

function show(name, f) {
  try {
    const r = f()
    if (r && r.headers) {
      const { 'Sec-Websocket-Accept': accept, ...rest } = r.headers
      console.log(name, r.status, r.body, r.error, r.url.replace(base, ''), Object.keys(r).join(), JSON.stringify(Object.entries(rest).sort()), typeof accept)
    } else console.log(name, String(r))
  } catch (e) {
    console.log(name, 'throws', String(e), e.name, e instanceof Error)
  }
}
function listen(s, onMessage) {
  s.on('message', (m) => {
    console.log('message', typeof m, m)
    if (onMessage) onMessage(m)
  })
  s.on('binaryMessage', (m) => console.log('binary', m instanceof ArrayBuffer, new Uint8Array(m).join()))
  s.on('ping', () => console.log('ping'))
  s.on('close', (c) => console.log('close', typeof c, c))
  s.on('error', (e) => console.log('error', typeof e, String(e), e.error(), JSON.stringify(e), Object.keys(e).join(), e.code, e.text))
}

export default function () {
  show('echo', () =>
    ws.connect(`${base}/ws-echo`, { tags: { step: 'echo' } }, (s) => {
      console.log(typeof s, Object.keys(s).sort().join(), String(s), s.nope)
      listen(s)
      s.on('open', function () {
        console.log('open', arguments.length, String(this))
        s.send('hi')
        s.sendBinary(new Uint8Array([1, 2, 3]).buffer)
        s.ping()
      })
      s.on('pong', function () {
        console.log('pong', arguments.length)
        s.close()
        console.log('after close')
        s.send('too late')
      })
    }),
  )
  for (const path of ['ws-close/1000', 'ws-close/1001', 'ws-close/1011', 'ws-close/', 'ws-close/4000', 'ws-drop']) {
    show(path, () => ws.connect(`${base}/${path}`, (s) => listen(s)))
  }
  show('ping', () => ws.connect(`${base}/ws-ping`, (s) => listen(s, () => s.close())))
  show('fragments', () => ws.connect(`${base}/ws-fragments`, (s) => listen(s, () => s.close(3001))))
  show('timers', () =>
    ws.connect(`${base}/ws-echo`, (s) => {
      let n = 0
      s.setTimeout(() => console.log('timeout'), 1)
      s.setInterval(() => {
        console.log('tick')
        if (++n === 3) s.close(1000)
      }, 40)
    }),
  )
  show('closes in its set-up', () =>
    ws.connect(`${base}/ws-echo`, (s) => {
      listen(s)
      s.on('open', () => console.log('open all the same'))
      s.close()
    }),
  )
  show('blocks in a handler', () =>
    ws.connect(`${base}/ws-echo`, (s) => {
      s.on('open', () => {
        s.send('one')
        s.send('two')
      })
      s.on('message', (m) => {
        console.log('before', m)
        check(http.get(`${__ENV.BASE_URL}/json`), { 'inside a handler': (r) => r.status === 200 })
        console.log('after', m)
        if (m === 'two') s.close()
      })
    }),
  )
  show('compression', () =>
    ws.connect(`${base}/ws-deflate`, { compression: 'deflate' }, (s) => {
      listen(s, (m) => m.length > 10 && s.close())
      s.on('open', () => {
        s.send('short')
        s.send('long '.repeat(20))
      })
    }),
  )
  show('binary', () =>
    ws.connect(`${base}/ws-binary`, (s) => {
      listen(s)
      s.on('binaryMessage', () => s.close())
    }),
  )
}
