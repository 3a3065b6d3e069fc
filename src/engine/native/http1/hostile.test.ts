import { afterEach, describe, expect, it } from 'vitest'
import { maxHeadBytes } from './parser.js'
import { type Client, client, ok, type RawServer, rawServer } from './testing/servers.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})
const make = (): Client => {
  const made = client()
  open.push(made)
  return made
}

const broken = 'net/http: HTTP/1.x transport connection broken: '
const fixed = (head: string, body = 'abc'): string => `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`
const chunked = (body: string): string => fixed('Transfer-Encoding: chunked', body)

/** What the server sends before it closes, and k6's `res.error` for it; read off k6 1.8.1. */
const beforeBody: readonly (readonly [sent: string, error: string])[] = [
  ['garbage\r\n\r\n', 'malformed HTTP response "garbage"'],
  ['\r\nHTTP/1.1 200 OK\r\n\r\n', 'malformed HTTP response ""'],
  ['HTPP/1.1 200 OK\r\n\r\n', 'malformed HTTP version "HTPP/1.1"'],
  ['HTTP/1.1 2x0 OK\r\n\r\n', 'malformed HTTP status code "2x0"'],
  ['HTTP/1.1 20', 'malformed HTTP status code "20"'],
  ['HTTP/1.1 200 OK\r\nFoo: b', 'unexpected EOF'],
  ['HTTP/1.1 200 OK\r\nnocolon\r\n\r\n', 'malformed MIME header: missing colon: "nocolon"'],
  ['HTTP/1.1 200 OK\r\nb\x01d: 1\r\n\r\n', 'malformed MIME header line: "b\\x01d: 1"'],
  ['HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n', 'malformed MIME header line: "A: b\\x00c"'],
  ['HTTP/1.1 200 OK\r\n X-A: 1\r\n\r\n', 'malformed MIME header initial line: " X-A: 1"'],
  [
    fixed('Content-Length: 3\r\nContent-Length: 4'),
    'http: message cannot contain multiple Content-Length headers; got ["3" "4"]',
  ],
  [fixed('Content-Length: -3'), 'bad Content-Length "-3"'],
  [fixed('Content-Length: 0x3'), 'bad Content-Length "0x3"'],
  [fixed('Content-Length: 9223372036854775808'), 'bad Content-Length "9223372036854775808"'],
  [fixed('Content-Length:'), 'invalid empty Content-Length ""'],
  [fixed('Transfer-Encoding: gzip, chunked'), 'unsupported transfer encoding: "gzip, chunked"'],
  [
    fixed('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
    'too many transfer encodings: ["chunked" "chunked"]',
  ],
  [fixed('Transfer-Encoding: chunked\r\nTrailer: content-length'), 'bad trailer key "Content-Length"'],
]

const inBody: readonly (readonly [sent: string, error: string, body: string])[] = [
  [fixed('Content-Length: 10'), 'unexpected EOF', 'abc'],
  [fixed('Content-Length: 9223372036854775807'), 'response body exceeded 268435456 bytes; aborted', ''],
  [chunked('3\r\nabc\r\n'), 'unexpected EOF', 'abc'],
  [chunked('zz\r\nabc\r\n'), 'invalid byte in chunk length', ''],
  [chunked('\r\nabc\r\n'), 'empty hex number for chunk length', ''],
  [chunked('fffffffffffffffff\r\nabc\r\n'), 'http chunk length too large', ''],
  [chunked('ffffffffffffffff\r\nabc'), 'unexpected EOF', 'abc'],
  [chunked('3\nabc\r\n'), 'chunked line ends with bare LF', ''],
  [chunked('3\r\nabcX\r\n'), 'malformed chunked encoding', 'abc'],
  [chunked(`3;${'x'.repeat(5000)}\r\nabc\r\n`), 'header line too long', ''],
  [chunked(`1;${'x'.repeat(3000)}\r\na\r\n`.repeat(9)), 'chunked encoding contains too much non-data', 'aaaaa'],
  [chunked('3\r\nabc\r\n0\r\n'), 'http: unexpected EOF reading trailer', 'abc'],
  [
    chunked(`3\r\nabc\r\n0\r\nX: ${'y'.repeat(5000)}\r\n\r\n`),
    'http: suspiciously long trailer after chunked body',
    'abc',
  ],
]

describe('a hostile server costs an error sample', () => {
  let server: RawServer
  const serve = async (sent: string): Promise<string> => {
    server = await rawServer((socket) => socket.end(Buffer.from(sent, 'latin1')))
    open.push(server)
    return server.url
  }

  it.each(beforeBody.map((c) => [c[1], ...c] as const))('%s', async (_, sent, error) => {
    const response = await make().get(await serve(sent))
    expect(response).toMatchObject({
      status: 0,
      errorCode: 1000,
      error,
      errorDetail: broken + error,
      errorInBody: false,
    })
    expect(response.body).toBeUndefined()
    expect(response.bytesReceived).toBe(sent.length)
  })

  it.each(inBody.map((c) => [c[1], ...c] as const))('%s, in the body', async (_, sent, error, body) => {
    const response = await make().get(await serve(sent))
    expect(response).toMatchObject({ status: 0, errorCode: 1000, error, errorDetail: error, errorInBody: true })
    expect(response.body?.toString()).toBe(body)
  })

  it.each(['header lines', 'one header line', 'folded lines', '103 answers', 'a status line'])(
    'endless %s',
    async (kind) => {
      const piece = {
        'header lines': 'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n',
        'one header line': 'a'.repeat(1000),
        'folded lines': ' a\r\n',
        '103 answers': 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
        'a status line': 'a'.repeat(1000),
      }[kind] as string
      const start = kind === '103 answers' ? '' : kind === 'a status line' ? 'HTTP/1.1 200 ' : 'HTTP/1.1 200 OK\r\nX:'
      const hostile = await rawServer((socket) => {
        socket.write(start + (kind === 'header lines' || kind === 'folded lines' ? 'x\r\n' : ''))
        const more = (): void => {
          while (socket.writable && socket.write(piece.repeat(50)));
        }
        socket.on('drain', more)
        more()
      })
      open.push(hostile)
      const response = await make().get(hostile.url)
      expect(response.error).toBe(`net/http: server response headers exceeded ${maxHeadBytes} bytes; aborted`)
    },
  )

  it('a reset before the answer, in the header and in the body', async () => {
    const hostile = await rawServer((socket, text) => {
      if (text.includes('/head')) socket.write('HTTP/1.1 200 OK\r\nA: b\r\n')
      if (text.includes('/line')) socket.write('HTTP/1.1 200 OK\r\nA: ')
      if (text.includes('/body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
      setTimeout(() => socket.resetAndDestroy(), 20)
    })
    open.push(hostile)
    const c = make()
    const reset = { status: 0, errorCode: 1220, error: 'read: connection reset by peer' }
    const text = /^read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: read: connection reset by peer$/
    const early = await c.get(`${hostile.url}/`)
    expect(early).toMatchObject({ ...reset, errorInBody: false })
    expect(early.errorDetail).toMatch(text)
    const head = await c.get(`${hostile.url}/head`)
    expect(head).toMatchObject({ ...reset, errorInBody: false })
    expect(head.errorDetail.startsWith(broken)).toBe(true)
    expect(await c.get(`${hostile.url}/line`)).toMatchObject({ errorCode: 1000, error: 'unexpected EOF' })
    const body = await c.get(`${hostile.url}/body`)
    expect(body).toMatchObject({ ...reset, errorInBody: true })
    expect(body.body?.toString()).toBe('abc')
  })

  it('one byte at a time is read as if whole', async () => {
    const answer = `HTTP/1.1 103 x\r\n\r\n${chunked('3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nA: b\r\n\r\n')}`
    const slow = await rawServer((socket) => {
      socket.setNoDelay(true)
      let i = 0
      const timer = setInterval(() => {
        if (i < answer.length) socket.write(answer.charAt(i++))
        else clearInterval(timer)
      }, 1)
    })
    open.push(slow)
    const response = await make().get(slow.url)
    expect(response).toMatchObject({ status: 200, error: '' })
    expect(response.body?.toString()).toBe('abcde')
  })

  it('a megabyte in one-byte chunks is kept in little more than a megabyte', async () => {
    const bytes = 300_000
    const slow = await rawServer((socket) => socket.write(chunked(`${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`)))
    open.push(slow)
    const response = await make().get(slow.url)
    expect(response.body?.length).toBe(bytes)
  })

  it('an answer to another method, a body after 204 and after HEAD confuse nothing', async () => {
    const odd = await rawServer((socket, text) => {
      socket.write(
        text.startsWith('HEAD')
          ? 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n'
          : text.includes('/204')
            ? 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc'
            : ok,
      )
    })
    open.push(odd)
    const c = make()
    expect(await c.get(`${odd.url}/204`)).toMatchObject({ status: 204, body: undefined, error: '' })
    expect(await c.get(odd.url, { method: 'HEAD' })).toMatchObject({ status: 200, body: undefined, error: '' })
    expect((await c.get(odd.url)).body?.toString()).toBe('abc')
  })
})
