import * as net from 'node:net'
import * as tls from 'node:tls'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Options } from '#config/types.js'
import { certificate, type Client, client, ok, rawServer } from './testing/servers.js'

const open: { close(): void }[] = []
const lasting: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})
afterAll(() => {
  for (const thing of lasting) thing.close()
})
const make = (options: Partial<Options> = {}, proxyEnv: Record<string, string> = {}): Client => {
  const made = client(options, proxyEnv)
  open.push(made)
  return made
}
const local = certificate('DNS:localhost,IP:127.0.0.1')

async function tlsServer(
  options: tls.TlsOptions = {},
  answer: (socket: tls.TLSSocket) => void = (socket) => socket.write(ok),
): Promise<{ port: number; raw: () => number[] }> {
  const sockets: net.Socket[] = []
  const server = tls.createServer({ ...local, ...options }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => answer(socket))
  })
  server.on('tlsClientError', () => undefined)
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  lasting.push({
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  return {
    port: (server.address() as net.AddressInfo).port,
    raw: () => [sockets.at(-1)?.bytesRead ?? 0, sockets.at(-1)?.bytesWritten ?? 0],
  }
}

describe('TLS', () => {
  it('refuses a certificate of an unknown authority, after dates and names', async () => {
    const { port } = await tlsServer()
    expect(await make().get(`https://127.0.0.1:${port}/`)).toMatchObject({
      errorCode: 1310,
      error: 'x509: unknown authority',
      errorDetail: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
      status: 0,
    })
    const c = make({ hosts: { 'other.test': '127.0.0.1' } })
    expect(await c.get(`https://other.test:${port}/`)).toMatchObject({
      errorCode: 1311,
      error: "x509: certificate doesn't match hostname",
      errorDetail: 'tls: failed to verify certificate: x509: certificate is valid for localhost, not other.test',
    })
    const named = await tlsServer(certificate('DNS:localhost'))
    expect((await make().get(`https://127.0.0.1:${named.port}/`)).errorDetail).toBe(
      "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
    )
    const nameless = await tlsServer(certificate(''))
    expect((await make({ hosts: { 'x.test': '127.0.0.1' } }).get(`https://x.test:${nameless.port}/`)).errorDetail).toBe(
      'tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match x.test',
    )
  })

  it('sends not a byte of the request to a server that it does not trust', async () => {
    let heard = 0
    const { port } = await tlsServer({}, () => heard++)
    await make().get(`https://127.0.0.1:${port}/`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard).toBe(0)
  })

  it('keeps the connection, and counts the bytes below TLS', async () => {
    const { port, raw } = await tlsServer()
    const c = make({ insecureSkipTLSVerify: true })
    const first = await c.get(`https://localhost:${port}/`)
    expect(first).toMatchObject({ status: 200, tlsVersion: 'tls1.3', error: '' })
    expect(first.tlsCipherSuite).toMatch(/^TLS_AES_/)
    expect(first.tlsHandshaking).toBeGreaterThan(0)
    expect(first.blocked).toBeGreaterThanOrEqual(first.connecting + first.tlsHandshaking)
    const second = await c.get(`https://localhost:${port}/`)
    expect(second).toMatchObject({ tlsHandshaking: 0, connecting: 0 })
    const [read, written] = raw()
    expect(first.bytesSent + second.bytesSent).toBe(read)
    expect(first.bytesReceived + second.bytesReceived).toBe(written)
    expect(first.bytesReceived).toBeGreaterThan(second.bytesReceived + 500)
  })

  it('reads large answers whole', async () => {
    const body = Buffer.alloc(500_000, 'q')
    const { port } = await tlsServer({}, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
      socket.write(body)
    })
    const response = await make({ insecureSkipTLSVerify: true }).get(`https://127.0.0.1:${port}/`)
    expect(response.body?.equals(body)).toBe(true)
  })

  it('obeys tlsVersion and tlsCipherSuites', async () => {
    const { port } = await tlsServer()
    const url = `https://127.0.0.1:${port}/`
    const only12 = { insecureSkipTLSVerify: true, tlsVersion: { min: 'tls1.2', max: 'tls1.2' } }
    expect((await make(only12).get(url)).tlsVersion).toBe('tls1.2')
    const suite = 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'
    expect((await make({ ...only12, tlsCipherSuites: [suite] }).get(url)).tlsCipherSuite).toBe(suite)
    const chacha = 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305'
    expect((await make({ ...only12, tlsCipherSuites: [chacha] }).get(url)).tlsCipherSuite).toBe(chacha)
    const old = await tlsServer({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })
    const oldUrl = `https://127.0.0.1:${old.port}/`
    expect(await make({ insecureSkipTLSVerify: true }).get(oldUrl)).toMatchObject({
      errorCode: 1010,
      error: 'remote error: tls: protocol version not supported',
    })
    const tls10 = { insecureSkipTLSVerify: true, tlsVersion: { min: 'tls1.0', max: undefined } }
    expect((await make(tls10).get(oldUrl)).tlsVersion).toBe('tls1.1')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows a client certificate where one is configured (%s)',
    async (version) => {
      const mine = certificate('DNS:client')
      const { port } = await tlsServer({
        requestCert: true,
        rejectUnauthorized: true,
        ca: mine.cert,
        minVersion: version,
        maxVersion: version,
      })
      const hosts = { 'auth.test': '127.0.0.1' }
      const tlsAuth = [{ domains: ['auth.test'], cert: mine.cert, key: mine.key, password: undefined }]
      const url = `https://auth.test:${port}/`
      expect((await make({ insecureSkipTLSVerify: true, hosts, tlsAuth }).get(url)).status).toBe(200)
      expect(await make({ insecureSkipTLSVerify: true, hosts }).get(url)).toMatchObject({
        errorCode: 1010,
        error:
          version === 'TLSv1.3' ? 'remote error: tls: certificate required' : 'remote error: tls: handshake failure',
      })
    },
  )

  it('says what is wrong when the server speaks no TLS, hangs up or resets', async () => {
    const plain = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const eof = await rawServer((socket) => socket.end())
    const reset = await rawServer((socket) => socket.resetAndDestroy())
    open.push(plain, eof, reset)
    const c = make()
    expect(await c.get(`https://127.0.0.1:${plain.port}/`)).toMatchObject({
      errorCode: 1301,
      error: 'tls: first record does not look like a TLS handshake',
      errorDetail: 'http: server gave HTTP response to HTTPS client',
    })
    expect(await c.get(`https://127.0.0.1:${eof.port}/`)).toMatchObject({ errorCode: 1000, error: 'EOF' })
    expect(await c.get(`https://127.0.0.1:${reset.port}/`)).toMatchObject({
      errorCode: 1220,
      error: 'read: connection reset by peer',
    })
  })

  it('times out in a handshake that never ends', async () => {
    const silent = await rawServer(() => undefined)
    open.push(silent)
    expect(await make().get(`https://127.0.0.1:${silent.port}/`, { timeoutMs: 50 })).toMatchObject({ errorCode: 1050 })
  })
})

describe('proxies', () => {
  const target = { hosts: { 'proxied.test': '127.0.0.1' }, insecureSkipTLSVerify: true }

  it('asks an HTTP proxy by absolute URL, with the credentials of its URL', async () => {
    const proxy = await rawServer((socket) => socket.write(ok))
    open.push(proxy)
    const env = {
      HTTP_PROXY: `http://us%20er:pa%3Ass@127.0.0.1:${proxy.port}`,
      NO_PROXY: 'skip.test,.sub.test,10.0.0.0/8',
    }
    const c = make(target, env)
    const response = await c.get('http://proxied.test:8080/a?b')
    expect(response).toMatchObject({ status: 200, remotePort: proxy.port })
    const credentials = Buffer.from('us er:pa:ss').toString('base64')
    expect(proxy.received[0]).toBe(
      `GET http://proxied.test:8080/a?b HTTP/1.1\r\nHost: proxied.test:8080\r\nUser-Agent: test\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
    )
  })

  it('passes loopback targets and NO_PROXY by', async () => {
    const server = await rawServer((socket) => socket.write(ok))
    open.push(server)
    const env = { http_proxy: 'http://127.0.0.1:1', no_proxy: 'skip.test, .sub.test, 10.0.0.0/8,port.test:81' }
    const hosts = Object.fromEntries(
      ['skip.test', 'x.skip.test', 'a.sub.test', 'sub.test', 'port.test'].map((name) => [
        name,
        `127.0.0.1:${server.port}`,
      ]),
    )
    const c = make({ hosts }, env)
    for (const url of [
      server.url,
      'http://skip.test/',
      'http://x.skip.test/',
      'http://a.sub.test/',
      'http://port.test:81/',
    ]) {
      expect([url, (await c.get(url)).status]).toEqual([url, 200])
    }
    for (const url of ['http://sub.test/', 'http://port.test:82/']) {
      expect(await c.get(url)).toMatchObject({
        errorCode: 1200,
        error: 'proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused',
      })
    }
  })

  it('tunnels HTTPS by CONNECT and tells a refusal', async () => {
    const { port } = await tlsServer()
    const asked: string[] = []
    const proxy = await rawServer((socket, text, connection) => {
      if (asked[connection] !== undefined) return
      asked[connection] = text
      if (text.includes('refuse.test')) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
        return
      }
      const upstream = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(upstream)
        upstream.pipe(socket)
      })
      upstream.on('error', () => socket.destroy())
    })
    open.push(proxy)
    const c = make(target, { HTTPS_PROXY: `127.0.0.1:${proxy.port}` })
    expect(await c.get('https://proxied.test/x')).toMatchObject({ status: 200, tlsVersion: 'tls1.3' })
    expect(await c.get('https://proxied.test/x')).toMatchObject({ status: 200 })
    expect(asked).toEqual([
      'CONNECT proxied.test:443 HTTP/1.1\r\nHost: proxied.test:443\r\nUser-Agent: Go-http-client/1.1\r\n\r\n',
    ])
    expect(await c.get('https://refuse.test/')).toMatchObject({
      errorCode: 1000,
      error: 'Proxy Authentication Required',
    })
  })
})
