import { WebSocket, Blob } from 'k6/websockets'
import * as all from 'k6/websockets'
const B = __ENV.BASE_URL.replace(/^http/, 'ws')
function show(name, f) { try { const r = f(); console.log(name, typeof r, JSON.stringify(r)) } catch (e) { console.log(name, 'THROWS', String(e), e && e.name, e instanceof Error) } }
export default function () {
  console.log(Object.keys(all).sort().join(), typeof all.default)
  const w = new WebSocket(B + '/ws-protocol', ['pick-me', 'b'])
  console.log('socket', typeof w, Object.keys(w).sort().join(), String(w), JSON.stringify(w), w instanceof WebSocket, w.CONNECTING, WebSocket.OPEN, w.readyState, w.url, w.protocol, w.extensions, w.binaryType, w.bufferedAmount, w.constructor === Object)
  show('send early', () => w.send('x'))
  show('ping early', () => w.ping())
  show('binaryType', () => { w.binaryType = 'x' })
  show('onopen', () => { w.onopen = 3 })
  show('ael', () => w.addEventListener('nope', () => {}))
  show('ael', () => w.addEventListener('open', 3))
  show('ael', () => w.addEventListener('open'))
  w.onopen = function (e) { console.log('onopen', arguments.length, String(this), Object.keys(e).sort().join(), e.type, e.target === w, typeof e.timestamp, e.timestamp > 1e12, w.readyState, w.protocol, JSON.stringify(w.extensions));
    show('send', () => w.send('first')); show('send2', () => w.send({ a: 1 })); show('send3', () => w.send(3)); show('send4', () => w.send(null)); show('send6', () => w.send([1, 2]))
    show('send7', () => w.send(new Uint16Array([1, 2]).subarray(1))); show('send8', () => w.send(new DataView(new ArrayBuffer(4), 1, 2)))
    console.log('buffered', w.bufferedAmount)
    show('close bad', () => w.close(1001)); show('close bad', () => w.close(2999, 'x')); show('close bad', () => w.close(3000, 'x'.repeat(124)))
    show('close', () => w.close(3000, 'my reason')); console.log('state', w.readyState); show('send after', () => w.send('x')); show('close again', () => w.close(1))
  }
  w.addEventListener('open', () => console.log('second open'))
  w.onmessage = (e) => console.log('message', Object.keys(e).sort().join(), e.type, typeof e.data, e.data, e.origin)
  w.onclose = (e) => console.log('close', Object.keys(e).sort().join(), e.code, e.reason, e.wasClean, w.readyState)
  w.onerror = (e) => console.log('error', Object.keys(e).sort().join(), typeof e.error, e.error)
  for (const p of ['/ws-close/1000', '/ws-close/1001', '/ws-close/1011', '/ws-close/', '/ws-close/4000', '/ws-drop', '/ws-refuse/404', '/ws-bad-accept', '/ws-hang-up', '/ws-bytes/8300', '/ws-bytes/88020001', '/ws-bytes/810548656c', '/ws-ping', '/ws-binary']) {
    const s = new WebSocket(B + p)
    s.addEventListener('open', () => console.log(p, 'open', s.readyState))
    s.addEventListener('message', (m) => { console.log(p, 'msg', typeof m.data, m.data, m.data.size); s.close() })
    s.addEventListener('close', (e) => console.log(p, 'close', e.code, e.reason, s.readyState, Object.keys(e).join()))
    s.addEventListener('ping', (e) => console.log(p, 'ping', Object.keys(e).sort().join(), e.data))
    s.addEventListener('pong', (e) => console.log(p, 'pong', Object.keys(e).sort().join()))
    s.addEventListener('error', (e) => console.log(p, 'error', e.error))
  }
  show('args0', () => new WebSocket())
  show('null', () => new WebSocket(null))
  show('http', () => new WebSocket('http://a'))
  show('frag', () => new WebSocket('ws://a/#b'))
  show('bad', () => new WebSocket('ws://a b'))
  show('param', () => new WebSocket(B, null, { nope: 1 }))
  show('param', () => new WebSocket(B, null, { compression: '' }))
  show('param', () => new WebSocket(B, null, { compression: 'gzip' }))
  show('param', () => new WebSocket(B, null, { tags: { a: {} } }))
  
}
