import { afterEach, describe, expect, it } from 'vitest'
import { flag, frame, setting, settingsFrame, uint32, windowUpdateFrame } from './frames.js'
import {
  framed,
  type FrameServer,
  frameServer,
  headers,
  hello,
  ok200,
  type Peer,
  type Received,
} from './testing/frame-server.js'

const open: FrameServer[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})
const serve = async (
  answer: (peer: Peer, asked: Received, connection: number) => void,
  greeting?: string,
): Promise<FrameServer> => {
  const server = await frameServer(answer, greeting === undefined ? {} : { greeting })
  open.push(server)
  return server
}
/** Answers every request with these frames, made for its stream. */
const replying = (make: (id: number) => readonly string[], greeting?: string): Promise<FrameServer> =>
  serve((peer, { type, id }) => {
    if (type === frame.headers) peer.send(...make(id))
  }, greeting)
const goaway = (last: number, code: number, debug = ''): string =>
  framed(frame.goaway, 0, 0, uint32(last) + uint32(code) + debug)

describe('an honest server', () => {
  it('may cut its header block, pad its frames and send them a byte at a time', async () => {
    const server = await serve((peer, { type, id }) => {
      if (type !== frame.headers) return
      const bytes =
        framed(frame.headers, flag.padded | flag.priority, id, `\x03${uint32(0)}\x10${ok200}\0\0\0`) +
        framed(frame.continuation, 0, id, '\x00\x03x-a') +
        framed(frame.continuation, flag.endHeaders, id, '\x01b') +
        framed(200, 7, 0, 'unknown') +
        framed(frame.data, flag.padded, id, '\x02hey\0\0') +
        framed(frame.data, flag.endStream, id, '')
      let at = 0
      const next = (): void => {
        if (at >= bytes.length) return
        peer.socket.write(bytes.charAt(at++), 'latin1')
        setImmediate(next)
      }
      next()
    })
    const answer = await server.client.get(server.url)
    expect(answer).toMatchObject({ status: 200, rawHeaders: ['X-A', 'b'], errorCode: 0 })
    expect(answer.body?.toString()).toBe('hey')
  })

  it('gets PING and SETTINGS acknowledged, and its informational answers left out', async () => {
    const server = await replying((id) => [
      framed(frame.ping, 0, 0, '12345678'),
      settingsFrame([[setting.headerTableSize, 0]]),
      headers(id, '\x08\x03103', false),
      headers(id, ok200, true),
    ])
    expect(await server.client.get(server.url)).toMatchObject({ status: 200 })
    expect(await server.client.get(server.url)).toMatchObject({ status: 200 })
    const acks = server.received.filter(({ type, flags }) => flags === flag.ack && type !== frame.headers)
    expect(acks.map(({ type }) => type)).toEqual([frame.settings, frame.ping, frame.settings])
    expect(acks[1]?.payload.toString()).toBe('12345678')
  })

  it('refuses a stream, and the request goes out again; so it does after a GOAWAY that did not cover it', async () => {
    let refused = 0
    const server = await serve((peer, { type, id }, connection) => {
      if (type !== frame.headers) return
      if (refused++ === 0) peer.send(framed(frame.rstStream, 0, id, uint32(7)))
      else if (connection === 0) peer.send(goaway(0, 0))
      else peer.send(headers(id, ok200, true))
    })
    expect(await server.client.get(server.url)).toMatchObject({ status: 200, errorCode: 0 })
    expect(server.sockets).toHaveLength(2)
  })

  it('finishes what it has begun before it goes away', async () => {
    const server = await replying((id) => [goaway(id, 0), headers(id, ok200, false), framed(frame.data, 1, id, 'bye')])
    const answer = await server.client.get(server.url)
    expect(answer.body?.toString()).toBe('bye')
    expect((await server.client.get(server.url)).status).toBe(200)
    expect(server.sockets).toHaveLength(2)
  })

  it('lets us send a body only as its windows open', async () => {
    let got = 0
    let most = 0
    const server = await serve(
      (peer, { type, id, payload, flags }) => {
        if (type !== frame.data) return
        got += payload.length
        most = Math.max(most, payload.length)
        if (flags & flag.endStream) peer.send(headers(id, ok200, true))
        else if (payload.length > 0)
          peer.send(windowUpdateFrame(id, payload.length), windowUpdateFrame(0, payload.length))
      },
      settingsFrame([[setting.initialWindowSize, 1000]]),
    )
    const warm = server.client.get(server.url, { method: 'POST', body: 'x'.repeat(100_000) })
    expect(await warm).toMatchObject({ status: 200 })
    expect(got).toBe(100_000)
    got = 0
    most = 0
    expect(await server.client.get(server.url, { method: 'POST', body: 'x'.repeat(5000) })).toMatchObject({
      status: 200,
    })
    expect([got, most]).toEqual([5000, 1000])
  })
})

describe('a server that breaks the protocol', () => {
  const connectionErrors: Readonly<Record<string, [make: (id: number) => readonly string[], code: number]>> = {
    'DATA on a stream never opened': [() => [framed(frame.data, 0, 99, 'x')], 1],
    'DATA on stream 0': [() => [framed(frame.data, 0, 0, 'x')], 1],
    'HEADERS on an even stream': [() => [headers(2, ok200, true)], 1],
    'a push': [(id) => [framed(frame.pushPromise, 4, id, `${uint32(2)}${ok200}`)], 1],
    'a frame too large': [(id) => [`\x00\x40\x01\x00\x00${uint32(id)}`], 6],
    'padding longer than its frame': [(id) => [headers(id, ok200, false), framed(frame.data, 8, id, '\x09x')], 1],
    'a header block left off': [(id) => [framed(frame.headers, 0, id, ok200), framed(frame.ping, 0, 0, '12345678')], 1],
    'CONTINUATION out of nowhere': [(id) => [framed(frame.continuation, 4, id, ok200)], 1],
    'a PING of nine bytes': [() => [framed(frame.ping, 0, 0, '123456789')], 6],
    'SETTINGS of five bytes': [() => [framed(frame.settings, 0, 0, '12345')], 6],
    'a window beyond 2^31': [() => [windowUpdateFrame(0, 2 ** 31 - 1)], 3],
    'an initial window beyond 2^31': [() => [settingsFrame([[setting.initialWindowSize, 2 ** 31]])], 3],
    'an empty WINDOW_UPDATE': [() => [windowUpdateFrame(0, 0)], 1],
    'an index that is in no table': [(id) => [headers(id, '\xff\x7f', true)], 9],
    'index 0': [(id) => [headers(id, '\x80', true)], 9],
    'text that ends early': [(id) => [headers(id, '\x00\x7fx', true)], 9],
    'an integer without end': [(id) => [headers(id, '\xff\xff\xff\xff\xff\xff\xff', true)], 9],
    'bad Huffman text': [(id) => [headers(id, '\x00\x84\xff\xff\xff\xff\x00', true)], 9],
    'a table larger than we allow': [(id) => [headers(id, '\x3f\xe2\x1f\x88', true)], 9],
    'CONTINUATION without end': [
      (id) => [framed(frame.headers, 0, id, ''), framed(frame.continuation, 0, id, 'x'.repeat(16_384)).repeat(17)],
      11,
    ],
    'empty CONTINUATION without end': [
      (id) => [framed(frame.headers, 0, id, ''), framed(frame.continuation, 0, id).repeat(10_001)],
      11,
    ],
    'PING without end': [() => [framed(frame.ping, 1, 0, '12345678').repeat(10_001)], 11],
    'SETTINGS without end': [() => [framed(frame.settings, 1, 0).repeat(10_001)], 11],
    'empty DATA without end': [(id) => [headers(id, ok200, false), framed(frame.data, 0, id).repeat(10_001)], 11],
    'resets of what is over without end': [
      (id) => [headers(id, ok200, false), framed(frame.priority, 0, id, '12345').repeat(10_001)],
      11,
    ],
    'more DATA than the window': [
      (id) => [headers(id, ok200, false), framed(frame.data, 0, id, 'x'), windowUpdateFrame(0, 0)],
      1,
    ],
  }
  for (const [what, [make, code]] of Object.entries(connectionErrors)) {
    it(`ends the connection: ${what}`, async () => {
      const server = await replying(make)
      const answer = await server.client.get(server.url)
      expect(answer).toMatchObject({ status: 0, errorCode: 1651 + code })
    })
  }

  it('does not begin with SETTINGS', async () => {
    const server = await replying((id) => [headers(id, ok200, true)], framed(frame.ping, 0, 0, '12345678'))
    expect(await server.client.get(server.url)).toMatchObject({ errorCode: 1652 })
  })

  const streamErrors: Readonly<Record<string, [make: (id: number) => readonly string[], code: number, error: RegExp]>> =
    {
      'DATA before HEADERS': [(id) => [framed(frame.data, 1, id, 'x')], 1632, /PROTOCOL_ERROR/],
      'a name in capitals': [(id) => [headers(id, '\x88\x00\x01A\x01b', true)], 1632, /PROTOCOL_ERROR/],
      'a line break in a value': [(id) => [headers(id, '\x88\x00\x01a\x03b\r\n', true)], 1632, /PROTOCOL_ERROR/],
      'a pseudo header too late': [(id) => [headers(id, '\x00\x01a\x01b\x88', true)], 1632, /PROTOCOL_ERROR/],
      'two statuses': [(id) => [headers(id, '\x88\x88', true)], 1632, /PROTOCOL_ERROR/],
      'no status': [(id) => [headers(id, '\x00\x01a\x01b', true)], 1000, /missing status/],
      'a status of letters': [(id) => [headers(id, '\x08\x02ok', true)], 1000, /non-numeric status/],
      'a 103 that ends the stream': [(id) => [headers(id, '\x08\x03103', true)], 1632, /PROTOCOL_ERROR/],
      'trailers that do not end it': [
        (id) => [headers(id, ok200, false), headers(id, '\x00\x01a\x01b', false)],
        1632,
        /PROTOCOL_ERROR/,
      ],
      'more than Content-Length': [
        (id) => [headers(id, `${ok200}\x0f\x0d\x011`, false), framed(frame.data, 1, id, 'xx')],
        1000,
        /more than declared/,
      ],
      'less than Content-Length': [
        (id) => [headers(id, `${ok200}\x0f\x0d\x013`, false), framed(frame.data, 1, id, 'xx')],
        1000,
        /unexpected EOF/,
      ],
      'a list of headers too large': [
        // One entry of 4,000 bytes, named 2,000 times.
        (id) => [headers(id, `${ok200}\x40\x01a\x7f\xa1\x1e${'x'.repeat(4000)}${'\xbe'.repeat(200)}`, true)],
        1632,
        /PROTOCOL_ERROR/,
      ],
    }
  for (const [what, [make, code, error]] of Object.entries(streamErrors)) {
    it(`ends the stream alone: ${what}`, async () => {
      let first = true
      const server = await replying((id) => {
        if (!first) return [headers(id, ok200, true)]
        first = false
        return make(id)
      })
      const answer = await server.client.get(server.url)
      expect(answer.errorCode).toBe(code)
      expect(answer.error).toMatch(error)
      expect(await server.client.get(server.url)).toMatchObject({ status: 200 })
      expect(server.sockets).toHaveLength(1)
    })
  }

  it('names a long entry again and again: the work has an end', async () => {
    const bomb = `${ok200}\x40\x01a\x7f\xa1\x1e${'x'.repeat(4000)}${'\xbe'.repeat(10_000)}`
    const server = await replying((id) => [headers(id, bomb, true)])
    expect(await server.client.get(server.url)).toMatchObject({ errorCode: 1660 })
  })

  it('resets a stream in the middle of its body, and what has come is shown', async () => {
    const server = await replying((id) => [
      headers(id, ok200, false),
      framed(frame.data, 0, id, 'half'),
      framed(frame.rstStream, 0, id, uint32(11)),
    ])
    const answer = await server.client.get(server.url)
    expect(answer).toMatchObject({ errorCode: 1642, errorInBody: true })
    expect(answer.body?.toString()).toBe('half')
  })

  it('answers with GOAWAY and closes', async () => {
    const server = await serve((peer, { type, id }) => {
      if (type !== frame.headers) return
      peer.send(goaway(id, 11, 'too_many_pings'))
      peer.socket.end()
    })
    expect(await server.client.get(server.url)).toMatchObject({
      errorCode: 1622,
      error: 'http2: received GoAway with http2 ErrCode ENHANCE_YOUR_CALM',
      errorDetail:
        'http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=ENHANCE_YOUR_CALM, debug="too_many_pings"',
    })
  })

  it('closes without a word, or speaks HTTP/1', async () => {
    const silent = await serve((peer, { type }) => {
      if (type === frame.headers) peer.socket.end()
    })
    expect(await silent.client.get(silent.url)).toMatchObject({ errorCode: 1000, error: 'unexpected EOF' })
    const old = await serve(() => undefined, 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    expect((await old.client.get(old.url)).errorCode).toBe(1657)
  })

  it('sends us elsewhere with every connection: the request ends, it does not circle', async () => {
    const server = await serve((peer, { type }) => {
      if (type === frame.headers) peer.send(goaway(0, 0))
    })
    const answer = await server.client.get(server.url, { timeoutMs: 1500 })
    expect(answer.errorCode).toBe(1050)
    expect(server.sockets.length).toBeLessThan(5)
  })
})

describe('hello', () => {
  it('asks for no pushes and for header lists of a bounded size', async () => {
    const server = await replying((id) => [headers(id, ok200, true)], hello)
    await server.client.get(server.url)
    const { payload } = server.received[0] as Received
    const settings = new Map<number, number>()
    for (let at = 0; at < payload.length; at += 6) settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    expect(settings.get(setting.enablePush)).toBe(0)
    expect(settings.get(setting.maxHeaderListSize)).toBe(262_144)
  })
})
