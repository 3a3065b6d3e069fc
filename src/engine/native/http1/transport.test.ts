import { mkdtempSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, client, ok, type RawServer, rawServer, request } from './testing/servers.js'
import type { WireResponse } from './types.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})
const serve = async (...args: Parameters<typeof rawServer>): Promise<RawServer> => {
  const server = await rawServer(...args)
  open.push(server)
  return server
}
const make = (...args: Parameters<typeof client>): Client => {
  const made = client(...args)
  open.push(made)
  return made
}

describe('a request', () => {
  it('comes back with status, headers, body, timings and bytes on the wire', async () => {
    const answer = 'HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello'
    const server = await serve((socket) => socket.write(answer))
    const response = await make().get(`${server.url}/a?b=c#d`)
    expect(response).toMatchObject({
      status: 201,
      statusText: '201 Created',
      proto: 'HTTP/1.1',
      error: '',
      errorCode: 0,
    })
    expect(response.rawHeaders).toEqual(['X-A', '1', 'Content-Length', '5'])
    expect(response.body?.toString()).toBe('hello')
    expect(response).toMatchObject({ remoteIp: '127.0.0.1', remotePort: server.port })
    expect(server.received[0]).toBe(`GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUser-Agent: test\r\n\r\n`)
    expect(response.bytesSent).toBe(server.received[0]?.length)
    expect(response.bytesReceived).toBe(answer.length)
    for (const phase of ['blocked', 'connecting', 'sending', 'waiting', 'receiving'] as const) {
      expect(response[phase]).toBeGreaterThanOrEqual(0)
    }
    expect(response.blocked).toBeGreaterThanOrEqual(response.connecting)
    expect(response.connecting).toBeGreaterThan(0)
    expect(response.tlsHandshaking).toBe(0)
  })

  it('uses the connection again, and then connects for no time', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make()
    await c.get(server.url)
    const second = await c.get(`${server.url}/other`)
    expect(server.sockets.length).toBe(1)
    expect(second.connecting).toBe(0)
  })

  it('shares one header array among equal answers and none among different ones', async () => {
    let n = 0
    const server = await serve((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX-N: ${n++ < 2 ? 0 : n}\r\nContent-Length: 1\r\n\r\n${n}`),
    )
    const c = make()
    const url = `${server.url}/memo`
    const [a, b, d] = [await c.get(url), await c.get(url), await c.get(url)]
    expect(a.rawHeaders).toBe(b.rawHeaders)
    expect(d.rawHeaders).toEqual(['X-N', '3', 'Content-Length', '1'])
    expect([a, b, d].map((r) => r.body?.toString())).toEqual(['1', '2', '3'])
  })

  it.each([0, 1, 100, 8192, 8193, 3_000_000])('sends a body of %i bytes whole, and tells how many', async (size) => {
    let got = 0
    const server = await serve((socket, text) => {
      got += text.includes('\r\n\r\n') ? text.length - text.indexOf('\r\n\r\n') - 4 : text.length
      if (got === size) socket.write(ok)
    })
    const response = await make().get(server.url, { method: 'POST', body: Buffer.alloc(size, 0xe9) })
    expect(response.status).toBe(200)
    expect(server.received[0]).toContain(`Content-Length: ${size}\r\n`)
    expect(response.bytesSent).toBe(server.received[0]?.length)
  })

  it('sends a text body as UTF-8', async () => {
    const server = await serve((socket) => socket.write(ok))
    await make().get(server.url, { method: 'PUT', body: 'grün €' })
    expect(Buffer.from(server.received[0] ?? '', 'latin1').toString('utf8')).toMatch(/Content-Length: 9\r\n\r\ngrün €$/)
  })

  it('counts a discarded body and keeps none of it', async () => {
    const server = await serve((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`),
    )
    const response = await make().get(server.url, { discardBody: true })
    expect(response.body).toBeUndefined()
    expect(response.bytesReceived).toBeGreaterThan(200_000)
  })

  it('calls back once and never from inside send', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make({ blockHostnames: ['*.blocked.test'] })
    for (const url of [server.url, server.url, 'http://x.blocked.test/', 'http://127.0.0.1:1/']) {
      let calls = 0
      let inside = true
      await new Promise<void>((resolve) => {
        c.connections.send(request(url), () => {
          expect(inside).toBe(false)
          calls++
          setImmediate(resolve)
        })
        inside = false
      })
      expect(calls).toBe(1)
    }
  })

  it('reaches a unix socket', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'http1-')), 's.sock')
    const server = await serve((socket) => socket.write(ok), { path })
    const response = await make().get(`unix://${path}:/a/b?c`)
    expect(response).toMatchObject({ status: 200, remoteIp: '', remotePort: 0 })
    expect(server.received[0]).toMatch(/^GET \/a\/b\?c HTTP\/1\.1\r\nHost: localhost\r\n/)
    const gone = await make().get('unix:///nowhere/s.sock:/')
    expect(gone).toMatchObject({
      errorCode: 1010,
      error: 'dial unix /nowhere/s.sock: connect: no such file or directory',
    })
  })

  it('speaks IPv6', async () => {
    const server = await serve((socket) => socket.write(ok), { port: 0, host: '::1' })
    const response = await make().get(`http://[::1]:${server.port}/`)
    expect(response).toMatchObject({ status: 200, remoteIp: '::1' })
    expect(server.received[0]).toContain(`Host: [::1]:${server.port}\r\n`)
  })
})

describe('connections', () => {
  it('keeps at most batchPerHost idle', async () => {
    const server = await serve((socket) => setTimeout(() => socket.write(ok), 20))
    const c = make({ batchPerHost: 2 })
    await Promise.all(Array.from({ length: 5 }, () => c.get(server.url)))
    await Promise.all(Array.from({ length: 5 }, () => c.get(server.url)))
    expect(server.sockets.length).toBe(8)
  })

  it('keeps at most batch idle over all hosts', async () => {
    const server = await serve((socket) => socket.write(ok))
    const other = await serve((socket) => socket.write(ok))
    const c = make({ batch: 1 })
    for (let i = 0; i < 3; i++) {
      await c.get(server.url)
      await c.get(other.url)
    }
    expect([server.sockets.length, other.sockets.length]).toEqual([3, 3])
  })

  it('closes after each request with noConnectionReuse, and on closeIdle', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make({ noConnectionReuse: true })
    await c.get(server.url)
    await c.get(server.url)
    expect(server.sockets.length).toBe(2)
    const d = make()
    await d.get(server.url)
    d.connections.closeIdle()
    await d.get(server.url)
    expect(server.sockets.length).toBe(4)
  })

  it.each([
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc', 2],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc', 2],
    ['HTTP/1.0 with keep-alive', 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nabc', 1],
    ['bytes after the body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd', 2],
    ['204 with a body', 'HTTP/1.1 204 No Content\r\n\r\n', 1],
    [
      'chunks and a trailer',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n',
      1,
    ],
    ['103 before it', `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`, 1],
  ])('%s: two requests take the right number of connections', async (_, answer, connections) => {
    const server = await serve((socket) => socket.write(answer))
    const c = make()
    expect((await c.get(server.url)).error).toBe('')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await c.get(server.url)).error).toBe('')
    expect(server.sockets.length).toBe(connections)
  })

  it('drops an idle connection on which a server speaks unasked', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make()
    await c.get(server.url)
    server.sockets[0]?.write(ok)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const second = await c.get(server.url)
    expect(second.error).toBe('')
    expect(server.sockets.length).toBe(2)
  })

  it('takes an answer that came before the request', async () => {
    const server = net.createServer((socket) => socket.end(ok)).listen(0, '127.0.0.1')
    open.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    const response = await make().get(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`)
    expect(response.body?.toString()).toBe('abc')
  })

  it('repeats a GET, not a POST, when a kept connection ends as the request is on its way', async () => {
    // The first connection answers once and dies at the second request.
    const server = await serve((socket, _, connection) => {
      if (connection % 2 === 0 && socket.bytesWritten > 0) socket.destroy()
      else socket.write(ok)
    })
    const c = make()
    await c.get(server.url)
    expect(await c.get(server.url)).toMatchObject({ status: 200, error: '' })
    expect(server.sockets.length).toBe(2)
    const d = make()
    await d.get(server.url)
    const posted = await d.get(server.url, { method: 'POST', body: 'x' })
    expect(posted).toMatchObject({ status: 0, error: 'EOF', errorCode: 1000 })
  })

  it('repeats even a POST when nothing of it could be written', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make()
    await c.get(server.url)
    // The reset is there, but nobody has read it off the socket yet.
    server.sockets[0]?.resetAndDestroy()
    expect(await c.get(server.url, { method: 'POST', body: 'x' })).toMatchObject({ status: 200, error: '' })
    expect(server.sockets.length).toBe(2)
    expect(server.received).toEqual([expect.stringMatching(/^GET/), expect.stringMatching(/^POST/)])
  })

  it('does not repeat on a fresh connection', async () => {
    const server = await serve((socket) => socket.destroy())
    expect(await make().get(server.url)).toMatchObject({ error: 'EOF', errorCode: 1000 })
    expect(server.sockets.length).toBe(1)
  })
})

describe('giving up', () => {
  it('times out on a silent server, in the header and in the body', async () => {
    const server = await serve((socket, text) => {
      if (text.includes('/head')) socket.write('HTTP/1.1 200 OK\r\nX')
      if (text.includes('/body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')
    })
    const c = make()
    expect(await c.get(`${server.url}/`, { timeoutMs: 30 })).toMatchObject({
      errorCode: 1050,
      error: 'request timeout',
      errorInBody: false,
    })
    expect(await c.get(`${server.url}/head`, { timeoutMs: 30 })).toMatchObject({ errorCode: 1050, errorInBody: false })
    const body = await c.get(`${server.url}/body`, { timeoutMs: 30 })
    expect(body).toMatchObject({ errorCode: 1050, errorInBody: true, status: 0 })
    expect(body.body?.toString()).toBe('ab')
  })

  it('times out though a byte comes now and then', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
      const timer = setInterval(() => socket.write('x'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    expect(await make().get(server.url, { timeoutMs: 60 })).toMatchObject({ errorCode: 1050, errorInBody: true })
  })

  it('keeps the deadlines of many requests apart', async () => {
    const server = await serve(() => undefined)
    const c = make()
    const order: number[] = []
    await Promise.all([90, 30, 60, 30].map((ms) => c.get(server.url, { timeoutMs: ms }).then(() => order.push(ms))))
    expect(order).toEqual([30, 30, 60, 90])
  })

  it('cancels: at once, once, and only the request it belongs to', async () => {
    const server = await serve((socket, text) => {
      if (!text.includes('/hang')) socket.write(ok)
    })
    const c = make()
    const answers: WireResponse[] = []
    const cancel = c.connections.send(request(`${server.url}/hang`), (response) => answers.push(response))
    cancel()
    cancel()
    expect(answers).toMatchObject([{ errorCode: 1000, error: 'context canceled' }])
    let late: () => void = () => undefined
    await new Promise<void>((resolve) => {
      late = c.connections.send(request(server.url), () => resolve())
    })
    const next = c.get(server.url)
    late()
    expect((await next).status).toBe(200)
    const busy = c.get(`${server.url}/hang`)
    c.connections.close()
    expect(await busy).toMatchObject({ error: 'context canceled' })
  })
})

describe('hosts and addresses', () => {
  it('follows hosts, with and without port, and by wildcard', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make({
      hosts: {
        'a.test': '127.0.0.1',
        'b.test:81': `127.0.0.1:${server.port}`,
        '*.c.test': `127.0.0.1:${server.port}`,
        'x.c.test': '127.0.0.1:1',
      },
    })
    expect((await c.get(`http://a.test:${server.port}/`)).status).toBe(200)
    expect((await c.get('http://b.test:81/')).status).toBe(200)
    expect((await c.get('http://deep.y.c.test/')).status).toBe(200)
    expect((await c.get('http://x.c.test/')).errorCode).toBe(1212)
    expect(server.received[1]).toContain('Host: b.test:81\r\n')
  })

  it('refuses blocked names and blacklisted addresses in k6s words', async () => {
    const c = make({
      blockHostnames: ['*.blocked.test'],
      blacklistIPs: ['10.0.0.0/8', '127.0.0.9/32'],
      hosts: { 'h.test': '10.1.1.1' },
    })
    expect(await c.get('http://x.blocked.test/')).toMatchObject({
      errorCode: 1111,
      error: 'hostname is blocked',
      errorDetail: 'hostname (x.blocked.test) is in a blocked pattern (*.blocked.test)',
    })
    for (const url of ['http://10.1.2.3/', 'http://h.test/', 'http://127.0.0.9/']) {
      expect(await c.get(url)).toMatchObject({ errorCode: 1110, error: 'ip is blacklisted' })
    }
  })

  it('resolves localhost by DNS policy', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make({ dns: { ttlMs: 0, select: 'roundRobin', policy: 'onlyIPv4' } })
    expect(await c.get(`http://localhost:${server.port}/`)).toMatchObject({ status: 200, remoteIp: '127.0.0.1' })
  })

  it('answers 1101 for a name that is nowhere', async () => {
    const response = await make().get('http://nosuch.invalid/')
    expect([1100, 1101]).toContain(response.errorCode)
    expect(response.errorDetail).toMatch(/^lookup nosuch\.invalid/)
  })

  it('answers 1212 for a closed port', async () => {
    expect(await make().get('http://127.0.0.1:1/')).toMatchObject({
      errorCode: 1212,
      error: 'dial: connection refused',
      errorDetail: 'dial tcp 127.0.0.1:1: connect: connection refused',
      remoteIp: '',
    })
  })

  it('refuses addresses, ranges and proxies that are none', () => {
    expect(() => client({ localIPs: '127.0.0.9-127.0.0.1' })).toThrow('localIPs')
    expect(() => client({ blacklistIPs: ['10.0.0.0/33'] })).toThrow('blacklistIPs')
    expect(() => client({}, { HTTP_PROXY: 'ftp://x' })).toThrow('HTTP_PROXY')
  })

  it('spreads local addresses over VUs', async () => {
    const server = await serve((socket) => socket.write(ok))
    const c = make({ localIPs: '127.0.0.5-127.0.0.6,127.0.1.0/30' })
    const seen: string[] = []
    for (const vu of [1, 2, 3, 4, 5]) {
      const connections = c.transport.connections(vu)
      await new Promise<void>((resolve) => connections.send(request(server.url), () => resolve()))
      seen.push(server.sockets.at(-1)?.remoteAddress ?? '')
      connections.close()
    }
    expect(seen).toEqual(['127.0.0.5', '127.0.0.6', '127.0.1.1', '127.0.1.2', '127.0.0.5'])
  })
})
