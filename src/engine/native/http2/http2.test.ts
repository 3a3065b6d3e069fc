import * as http2 from 'node:http2'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Options } from '#config/types.js'
import { certificate, type Client, client } from '../http1/testing/servers.js'

const open: { close(): void }[] = []
const lasting: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})
afterAll(() => {
  for (const thing of lasting) thing.close()
})
const make = (options: Partial<Options> = {}, env: Record<string, string> = {}): Client => {
  const made = client({ insecureSkipTLSVerify: true, ...options }, env)
  open.push(made)
  return made
}
const local = certificate('DNS:localhost,IP:127.0.0.1')

interface NodeServer {
  readonly url: string
  readonly sessions: http2.ServerHttp2Session[]
  /** Header lists of the requests. */
  readonly asked: http2.IncomingHttpHeaders[]
}

type Answer = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, body: Buffer) => void

async function nodeServer(answer: Answer, settings: http2.Settings = {}, allowHTTP1 = false): Promise<NodeServer> {
  const sessions: http2.ServerHttp2Session[] = []
  const asked: http2.IncomingHttpHeaders[] = []
  const server = http2.createSecureServer({ ...local, settings, allowHTTP1 })
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    asked.push(headers)
    stream.on('error', () => undefined)
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => answer(stream, headers, Buffer.concat(chunks)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  lasting.push({
    close: () => {
      server.close()
      for (const session of sessions) session.destroy()
    },
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, sessions, asked }
}

describe("against Node's HTTP/2 server", () => {
  it('speaks HTTP/2 where TLS chooses it, on one connection, with timings of the first request only', async () => {
    const server = await nodeServer((stream) => {
      stream.respond({ ':status': 200, 'x-one': 'two', 'set-cookie': ['a=1', 'b=2'] })
      stream.end('hello')
    })
    const us = make()
    const first = await us.get(server.url)
    const second = await us.get(`${server.url}again?x=1`)
    expect(first).toMatchObject({ status: 200, statusText: '200 OK', proto: 'HTTP/2.0', errorCode: 0 })
    expect(first.body?.toString()).toBe('hello')
    expect(first.rawHeaders.slice(0, 6)).toEqual(['X-One', 'two', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
    expect(first.tlsVersion).toBe('tls1.3')
    expect(first.tlsHandshaking).toBeGreaterThan(0)
    expect(second).toMatchObject({ proto: 'HTTP/2.0', connecting: 0, tlsHandshaking: 0 })
    expect(server.sessions).toHaveLength(1)
    expect(server.asked.map((headers) => headers[':path'])).toEqual(['/', '/again?x=1'])
    expect(server.asked[0]).toMatchObject({ ':scheme': 'https', ':method': 'GET', 'user-agent': 'test' })
    expect(server.asked[0]?.[':authority']).toBe(new URL(server.url).host)
  })

  it('sends many requests at once over one connection, also before it is open', async () => {
    const server = await nodeServer((stream, headers) => {
      stream.respond({ ':status': 200 })
      stream.end(headers[':path'])
    })
    const us = make()
    const paths = Array.from({ length: 60 }, (_, i) => `p${i}`)
    const answers = await Promise.all(paths.map((path) => us.get(server.url + path)))
    expect(answers.map(({ body }) => body?.toString())).toEqual(paths.map((path) => `/${path}`))
    expect(server.sessions).toHaveLength(1)
  })

  it('opens another connection rather than exceed MAX_CONCURRENT_STREAMS', async () => {
    let busy = 0
    let most = 0
    const server = await nodeServer(
      (stream) => {
        most = Math.max(most, ++busy)
        setImmediate(() => {
          busy--
          stream.respond({ ':status': 200 })
          stream.end('x')
        })
      },
      { maxConcurrentStreams: 4 },
    )
    const us = make()
    await us.get(server.url)
    const answers = await Promise.all(Array.from({ length: 20 }, () => us.get(server.url)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(server.sessions.length).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(4 * server.sessions.length)
  })

  it('carries bodies of megabytes both ways within the windows', async () => {
    const server = await nodeServer((stream, _headers, body) => {
      stream.respond({ ':status': 200, 'content-length': body.length })
      stream.end(body)
    })
    const us = make()
    const sent = Buffer.alloc(9_000_000, 'abcdefg')
    const answer = await us.get(server.url, { method: 'POST', body: sent, timeoutMs: 60_000 })
    expect(answer.errorCode).toBe(0)
    expect(answer.body?.equals(sent)).toBe(true)
    expect(answer.bytesSent).toBeGreaterThan(9_000_000)
    expect(answer.bytesReceived).toBeGreaterThan(9_000_000)
    const discarded = await us.get(server.url, { method: 'POST', body: sent, discardBody: true, timeoutMs: 60_000 })
    expect(discarded).toMatchObject({ status: 200, body: undefined })
  })

  it('reads headers of every kind, and trailers without showing them', async () => {
    const long = 'v'.repeat(30_000)
    const server = await nodeServer((stream) => {
      stream.respond(
        { ':status': 404, 'x-long': long, 'x-utf': Buffer.from('é').toString('latin1') },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': '1' }))
      stream.end(gzipSync('body'))
    })
    const us = make()
    for (let i = 0; i < 3; i++) {
      const answer = await us.get(server.url)
      expect(answer).toMatchObject({ status: 404, statusText: '404 Not Found', errorCode: 0 })
      expect(answer.rawHeaders).toContain(long)
      expect(answer.rawHeaders).toContain('é')
      expect(answer.rawHeaders).not.toContain('X-Checksum')
    }
  })

  it('answers a HEAD, a 204 and an empty 200', async () => {
    const server = await nodeServer((stream, headers) => {
      if (headers[':method'] === 'HEAD') stream.respond({ ':status': 200, 'content-length': 10 }, { endStream: true })
      else if (headers[':path'] === '/204') stream.respond({ ':status': 204 }, { endStream: true })
      else stream.respond({ ':status': 200 }, { endStream: true })
    })
    const us = make()
    expect(await us.get(server.url, { method: 'HEAD' })).toMatchObject({ status: 200, errorCode: 0 })
    expect(await us.get(`${server.url}204`)).toMatchObject({ status: 204, errorCode: 0 })
    expect(await us.get(server.url)).toMatchObject({ status: 200, errorCode: 0 })
  })

  it('sends cookies one by one and leaves out what HTTP/2 has no use for', async () => {
    const server = await nodeServer((stream) => stream.respond({ ':status': 200 }, { endStream: true }))
    const us = make()
    const headerBlock = 'Host: other.test\r\nConnection: keep-alive\r\nCookie: a=1; b=2\r\nX-Y: z\r\n'
    await us.get(server.url, { headerBlock })
    expect(server.asked[0]).toMatchObject({ ':authority': 'other.test', cookie: 'a=1; b=2', 'x-y': 'z' })
    expect(server.asked[0]).not.toHaveProperty('connection')
    const upgrade = await us.get(server.url, { headerBlock: 'Host: h\r\nUpgrade: x\r\n' })
    expect(upgrade).toMatchObject({ errorCode: 1000, error: 'invalid Upgrade request header: ["x"]' })
  })

  it('keeps to HTTP/1.1 with GODEBUG=http2client=0, and where the server knows nothing else', async () => {
    const both = await nodeServer(() => undefined, {}, true)
    const us = make({}, { GODEBUG: 'x=1,http2client=0' })
    const old = https.createServer(local, (_request, response) => response.end('old'))
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    lasting.push({ close: () => void old.close() })
    const url = `https://127.0.0.1:${(old.address() as AddressInfo).port}/`
    expect((await us.get(url)).proto).toBe('HTTP/1.1')
    const pending = us.get(both.url, { timeoutMs: 300 })
    expect(await pending).toMatchObject({ errorCode: 1050 })
    expect(both.sessions).toHaveLength(0)
    const fresh = make()
    const answers = await Promise.all(Array.from({ length: 5 }, () => fresh.get(url)))
    expect(answers.map(({ proto, body }) => `${proto} ${body?.toString()}`)).toEqual(Array(5).fill('HTTP/1.1 old'))
    old.closeAllConnections()
  })

  it('uses a connection once with noConnectionReuse, and closes idle ones when asked', async () => {
    const server = await nodeServer((stream) => stream.respond({ ':status': 200 }, { endStream: true }))
    const once = make({ noConnectionReuse: true })
    await once.get(server.url)
    await once.get(server.url)
    expect(server.sessions).toHaveLength(2)
    const us = make()
    await us.get(server.url)
    us.connections.closeIdle()
    await us.get(server.url)
    expect(server.sessions).toHaveLength(4)
  })

  it('serves as many requests on a connection as the script allows', async () => {
    const server = await nodeServer((stream) => stream.respond({ ':status': 200 }, { endStream: true }))
    const us = make()
    us.connections.maxRequests = 2
    for (let i = 0; i < 5; i++) expect((await us.get(server.url)).status).toBe(200)
    expect(server.sessions).toHaveLength(3)
  })

  it('times out and is cancelled by stream, and the connection goes on', async () => {
    const server = await nodeServer((stream, headers) => {
      if (headers[':path'] === '/slow') return
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    const us = make()
    expect((await us.get(server.url)).status).toBe(200)
    expect(await us.get(`${server.url}slow`, { timeoutMs: 50 })).toMatchObject({
      errorCode: 1050,
      error: 'request timeout',
    })
    expect((await us.get(server.url)).status).toBe(200)
    expect(server.sessions).toHaveLength(1)
  })

  it('says what a reset, a GOAWAY and a broken connection were, in the codes of k6', async () => {
    const server = await nodeServer((stream, headers) => {
      if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
      else stream.session?.destroy()
    })
    const us = make()
    expect(await us.get(`${server.url}reset`)).toMatchObject({
      status: 0,
      errorCode: 1633,
      error: 'http2: stream error with http2 ErrCode INTERNAL_ERROR',
      errorDetail: 'stream error: stream ID 1; INTERNAL_ERROR; received from peer',
      errorInBody: false,
    })
    expect((await us.get(server.url)).errorCode).toBeGreaterThanOrEqual(1000)
    expect((await us.get(server.url)).errorCode).toBeGreaterThanOrEqual(1000)
  })
})
