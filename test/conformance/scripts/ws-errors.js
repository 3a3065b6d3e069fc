// ordered
import ws from 'k6/ws'

const base = __ENV.BASE_URL.replace(/^http/, 'ws')
const plain = (text) => String(text).replaceAll(base, 'BASE').replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')

function show(name, f) {
  try {
    const r = f()
    console.log(name, r === undefined ? 'undefined' : plain([r.status, r.body, r.error, r.url].join(' | ')))
  } catch (e) {
    console.log(name, 'throws', plain(e), e.name, e instanceof Error)
  }
}
const quiet = (s) => {
  s.on('close', (c) => console.log('close', c))
  s.on('error', (e) => console.log('error', plain(e.error())))
}

export default function () {
  for (const path of ['ws-refuse/404', 'ws-refuse/200', 'ws-bad-accept', 'ws-hang-up']) {
    show(path, () => ws.connect(`${base}/${path}`, () => console.log('never called')))
  }
  for (const bytes of ['8105', '8300', 'f100', '0100', '818568656c6c6f', '88020001', '8801ff', '89fe', '', '810548656c', '8104f09f98808800', 'c10361626388020fa0', '0901ff', '8200880203e8', '01016180016288020bb8']) {
    show(bytes, () =>
      ws.connect(`${base}/ws-bytes/${bytes}`, (s) => {
        quiet(s)
        s.on('message', (m) => console.log('message', m, m.length))
        s.on('binaryMessage', (m) => console.log('binary', m.byteLength))
      }),
    )
  }
  show('no function', () => ws.connect(base))
  show('object', () => ws.connect(base, {}))
  show('three', () => ws.connect(base, {}, () => {}, 3))
  show('http', () => ws.connect('http://a', () => {}))
  show('space', () => ws.connect('ws://a b', () => {}))
  show('empty', () => ws.connect('', () => {}))
  show('undefined', () => ws.connect(undefined, () => {}))
  show('refused', () => ws.connect('ws://127.0.0.1:1/', () => {}))
  show('credentials', () => ws.connect('ws://u:p@127.0.0.1/', () => {}))
  show('tags', () => ws.connect(base, { tags: { a: {} } }, () => {}))
  show('no tags', () => ws.connect(base, { tags: 3 }, (s) => s.close()))
  show('compression', () => ws.connect(base, { compression: 'gzip' }, () => {}))
  show('own header', () => ws.connect(base, { headers: { upgrade: 'x' } }, () => {}))
  show('bad header name', () => ws.connect(base, { headers: { 'a b': 'x' } }, (s) => s.close()))
  show('bad header value', () => ws.connect(base, { headers: { ab: 'x\r\ny: z' } }, (s) => s.close()))
  show('set-up throws', () =>
    ws.connect(base, (s) => {
      quiet(s)
      throw new Error('boom')
    }),
  )
  show('open throws', () =>
    ws.connect(base, (s) => {
      quiet(s)
      s.on('open', () => {
        throw new Error('boom')
      })
    }),
  )
  show('message throws', () =>
    ws.connect(base, (s) => {
      quiet(s)
      s.on('open', () => s.send('x'))
      s.on('message', () => {
        throw new Error('boom')
      })
    }),
  )
  show('timeout throws', () =>
    ws.connect(base, (s) => {
      quiet(s)
      s.setTimeout(() => {
        throw new Error('boom')
      }, 1)
    }),
  )
  show('arguments', () =>
    ws.connect(base, (s) => {
      show('timeout 0', () => s.setTimeout(() => {}, 0))
      show('interval -1', () => s.setInterval(() => {}, -1))
      show('interval 3', () => s.setInterval(3, 1))
      show('timeout nothing', () => s.setTimeout())
      show('timeout abc', () => s.setTimeout(() => {}, 'abc'))
      show('binary nothing', () => s.sendBinary())
      show('binary null', () => s.sendBinary(null))
      show('binary text', () => s.sendBinary('a'))
      show('binary typed', () => s.sendBinary(new Uint8Array(3)))
      show('send nothing', () => s.send())
      show('send number', () => s.send(3))
      show('send object', () => s.send({ a: 1 }))
      show('send null', () => s.send(null))
      show('on number', () => s.on('message', 3))
      show('on nothing', () => s.on())
      let n = 0
      s.on('message', (m) => {
        console.log('got', JSON.stringify(m))
        if (++n === 4) s.close('abc')
      })
      quiet(s)
    }),
  )
  for (const code of [1005, 99999, 4000]) {
    show(`close ${code}`, () =>
      ws.connect(base, (s) => {
        quiet(s)
        s.on('open', () => s.close(code))
      }),
    )
  }
}
