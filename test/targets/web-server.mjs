// A target for tests: one process, plain HTTP on loopback, answers in the manner of httpbin so that scripts of every
// kind have something to talk to. Prints one JSON line when it listens. Faults are endpoints (/close, /reset, /slow-body).
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { attachWebSocket } from './websocket.mjs'

const counts = new Map()
const server = createServer({ keepAliveTimeout: 60_000 }, onRequest)
const certificate = selfSigned()
const tlsServer = certificate && createTlsServer({ ...certificate, keepAliveTimeout: 60_000 }, onRequest)
// HTTP/2 alone, on a port of its own: the other stays a server of HTTP/1.1 and WebSocket.
const http2Server = certificate && createSecureServer(certificate, onRequest)
http2Server?.on('sessionError', () => {})

attachWebSocket(server)
if (tlsServer) attachWebSocket(tlsServer)

function onRequest(request, response) {
  const url = new URL(request.url, 'http://localhost')
  const key = `${request.method} ${url.pathname}`
  counts.set(key, (counts.get(key) ?? 0) + 1)
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => answer(request, response, url, Buffer.concat(chunks)))
  request.on('error', () => {})
}

if (tlsServer) await new Promise((resolve) => tlsServer.listen(0, '127.0.0.1', resolve))
if (http2Server) await new Promise((resolve) => http2Server.listen(0, '127.0.0.1', resolve))
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const tls = tlsServer
    ? {
        tls: `https://127.0.0.1:${tlsServer.address().port}`,
        h2: `https://127.0.0.1:${http2Server.address().port}`,
      }
    : {}
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, ...tls, pid: process.pid })}\n`,
  )
})

// A certificate made for this process alone, so that no private key is kept anywhere; without openssl there is no TLS.
function selfSigned() {
  if (!process.argv.includes('--tls')) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'pw-target-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    )
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return undefined
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
process.on('SIGTERM', () => process.exit(0))
// The parent's end of standard input closes when the parent dies: never outlive it.
process.stdin.on('end', () => process.exit(0)).resume()

function answer(request, response, url, body) {
  const [, route = '', ...rest] = url.pathname.split('/')
  const json = (value, status = 200, headers = {}) => {
    const text = JSON.stringify(value)
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
  const echo = () => ({
    method: request.method,
    path: url.pathname,
    args: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'host')),
    data: body.toString('latin1'),
  })
  const routes = {
    '': () => json({ ok: true }),
    get: () => json(echo()),
    post: () => json(echo()),
    put: () => json(echo()),
    patch: () => json(echo()),
    delete: () => json(echo()),
    anything: () => json(echo()),
    products: () =>
      json([
        { id: 1, name: 'lamp', price: 12.5 },
        { id: 2, name: 'desk', price: 99 },
      ]),
    product: () => json({ id: Number(rest[0]), name: `product ${rest[0]}` }),
    json: () =>
      json({
        slideshow: {
          title: 'Sample',
          slides: [{ title: 'one', items: [1, 2, 3] }, { title: 'two' }],
          big: 1234567890123456,
          nil: null,
          'a.b': 7,
        },
      }),
    status: () => {
      const status = Number(rest[0])
      response.writeHead(status, { 'content-length': 0, 'x-status': String(status) })
      response.end()
    },
    redirect: () => {
      const left = Number(rest[0])
      response.writeHead(302, { location: left > 1 ? `/redirect/${left - 1}` : '/get', 'content-length': 0 })
      response.end()
    },
    'redirect-to': () => {
      response.writeHead(Number(url.searchParams.get('status') ?? 302), {
        location: url.searchParams.get('url'),
        'content-length': 0,
      })
      response.end()
    },
    cookies: () => {
      if (rest[0] === 'set') {
        const cookies = [...url.searchParams].map(([name, value]) => `${name}=${value}; Path=/`)
        response.writeHead(302, { location: '/cookies', 'set-cookie': cookies, 'content-length': 0 })
        return response.end()
      }
      const text = request.headers.cookie ?? ''
      json({
        cookies: Object.fromEntries(
          text
            .split('; ')
            .filter(Boolean)
            .map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
        ),
      })
    },
    'cookie-attributes': () => {
      response.writeHead(200, {
        'content-length': 0,
        'set-cookie': [
          'plain=1',
          'all=2; Path=/; HttpOnly; Max-Age=3600',
          'deep=3; Path=/cookies/deep',
          'secure=4; Path=/; Secure',
          'gone=5; Path=/; Max-Age=0',
          'dated=6; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT',
          'quoted="a b"; Path=/',
          'foreign=7; Domain=example.com; Path=/',
        ],
      })
      response.end()
    },
    'double-headers': () => {
      response.writeHead(
        200,
        [
          ['X-Twice', 'a'],
          ['X-Twice', 'b'],
          ['x-lower', 'c'],
          ['Content-Length', '0'],
        ].flat(),
      )
      response.end()
    },
    'no-location': () => {
      response.writeHead(302, { 'content-length': 0 })
      response.end()
    },
    'bad-gzip': () => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 26 })
      response.end('plain text, no gzip at all')
    },
    'unknown-encoding': () => {
      response.writeHead(200, { 'content-encoding': 'rot13', 'content-length': 5 })
      response.end('cynva')
    },
    garbage: () => request.socket.end('this is not HTTP\r\n\r\n'),
    'slow-head': () => setTimeout(() => json({ late: true }), 2000),
    text: () => {
      response.writeHead(200, {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': Buffer.byteLength('naïve ✓ text'),
      })
      response.end(request.method === 'HEAD' ? undefined : 'naïve ✓ text')
    },
    'form-page': () =>
      page(
        `<html><body><form id="one" action="/anything/one" method="post"><input name="a" value="1"><input name="b" value="x y"><input type="submit" name="s" value="Go"></form><form id="two" action="/anything/two"><input name="q" value="find"></form><form id="three"><input name="z" value="26"></form><a class="first" href="/anything/first">1</a><a class="second" href="redirect-to?url=/get">2</a></body></html>`,
      ),
    headers: () =>
      json({ raw: request.rawHeaders.filter((_, i) => i % 2 === 0 || !request.rawHeaders[i].startsWith('127')) }),
    gzip: () => encoded('gzip', gzipSync),
    deflate: () => encoded('deflate', deflateSync),
    brotli: () => encoded('br', brotliCompressSync),
    html: () =>
      page(
        '<!DOCTYPE html><html><head><title>Shop</title></head><body><h1 class="a b" id="top">Hello <b>World</b></h1><ul><li>one</li><li data-n="2">two</li><li>three</li></ul><a href="/get?from=link">next</a><form action="/post" method="post"><input name="user" value="ann"><input type="checkbox" name="ok" value="1" checked><select name="size"><option value="s">S</option><option value="m" selected>M</option></select><textarea name="note">hi</textarea><input type="submit" name="go" value="Go"></form></body></html>',
      ),
    delay: () => setTimeout(() => json({ delayed: Number(rest[0]) }), Math.min(5000, Number(rest[0]))),
    bytes: () => {
      const size = Math.min(1e6, Number(rest[0]))
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size })
      response.end(Buffer.alloc(size, 97))
    },
    stream: () => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      for (let i = 0; i < Math.min(100, Number(rest[0])); i++) response.write(`line ${i}\n`)
      response.end()
    },
    'basic-auth': () => {
      const want = `Basic ${Buffer.from(`${rest[0]}:${rest[1]}`).toString('base64')}`
      if (request.headers.authorization === want) return json({ authenticated: true, user: rest[0] })
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-length': 0 })
      response.end()
    },
    'digest-auth': () => digest(rest[0], rest[1]),
    close: () => request.socket.destroy(),
    // HTTP/2's own ways to fail, by its error codes.
    'h2-reset': () => response.stream.close(Number(rest[0])),
    'h2-reset-in-body': () => {
      response.writeHead(200)
      response.write('half')
      setTimeout(() => response.stream.session.destroy(Number(rest[0])), 50)
    },
    'h2-goaway': () => {
      const { session } = response.stream
      session.goaway(Number(rest[0]), 2 ** 31 - 1, Buffer.from('enough'))
      setTimeout(() => session.destroy(), 50)
    },
    reset: () => request.socket.resetAndDestroy(),
    'slow-body': () => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('12345')
    },
    'short-body': () => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('12345', () => request.socket.destroy())
    },
    flaky: () => json({ n: counts.get('GET /flaky') }, counts.get('GET /flaky') % 2 === 0 ? 500 : 200),
    counts: () => json(Object.fromEntries(counts)),
    'reset-counts': () => {
      counts.clear()
      json({})
    },
  }
  const known = routes[route]
  if (known === undefined) return json({ error: 'not found' }, 404)
  known()

  function encoded(name, compress) {
    const bytes = compress(Buffer.from(JSON.stringify({ encoded: name, text: 'x'.repeat(1000) })))
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-encoding': name,
      'content-length': bytes.length,
    })
    response.end(bytes)
  }
  function page(text) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  }
  function digest(user, password) {
    const given = request.headers.authorization ?? ''
    const field = (name) => new RegExp(`${name}="?([^",]+)"?`).exec(given)?.[1] ?? ''
    const md5 = (text) => createHash('md5').update(text).digest('hex')
    if (given.startsWith('Digest ')) {
      const ha1 = md5(`${user}:test:${password}`)
      const ha2 = md5(`${request.method}:${field('uri')}`)
      const want = md5(`${ha1}:abc:${field('nc')}:${field('cnonce')}:auth:${ha2}`)
      if (field('response') === want) return json({ authenticated: true, user })
    }
    response.writeHead(401, {
      'www-authenticate': 'Digest realm="test", nonce="abc", qop="auth", algorithm=MD5',
      'content-length': 0,
    })
    response.end()
  }
}
