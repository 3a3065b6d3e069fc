/** The same behaviour below Node's streams and through them; which way a Node goes is its own affair. */
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, client, ok, type RawServer, rawServer, type ServerAnswer } from './testing/servers.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})

describe.each([
  ['direct', {}],
  ['stream', { PW_SOCKETS: 'stream' }],
])('a plain socket, %s', (_, env) => {
  const ask = (): Client => {
    const made = client({}, env)
    open.push(made)
    return made
  }
  const serve = async (answer: ServerAnswer): Promise<RawServer> => {
    const server = await rawServer(answer)
    open.push(server)
    return server
  }

  it('carries many requests', async () => {
    const server = await serve((socket) => socket.write(ok))
    const us = ask()
    for (let i = 0; i < 200; i++) {
      const response = await us.get(server.url)
      expect(response).toMatchObject({ status: 200, errorCode: 0, bytesSent: server.received[0]?.length })
      expect(response.body?.toString()).toBe('abc')
      expect(response.sending).toBeGreaterThanOrEqual(0)
      expect(response.waiting).toBeGreaterThan(0)
      server.received[0] = ''
    }
    expect(server.sockets.length).toBe(1)
  })

  it('sends a header that the kernel does not take at once', async () => {
    const server = await serve(() => undefined)
    const long = `X-Long: ${'x'.repeat(12_000_000)}\r\n`
    const us = ask()
    const answered = us.get(server.url, { headerBlock: `Host: h\r\n${long}`, timeoutMs: 30_000 })
    await until(() => server.sockets.length === 1)
    server.sockets[0]?.pause()
    await new Promise((resolve) => setTimeout(resolve, 50))
    server.sockets[0]?.resume()
    await until(() => (server.received[0] ?? '').endsWith('\r\n\r\n'))
    expect(server.received[0]?.length).toBe(`GET / HTTP/1.1\r\nHost: h\r\n${long}\r\n`.length)
    server.sockets[0]?.write(ok)
    const response = await answered
    expect(response.status).toBe(200)
    expect(response.sending).toBeGreaterThan(0)
    expect((await Promise.all([us.get(server.url), answerNext(server)]))[0].status).toBe(200)
  })

  it('tries again when the server has closed the idle connection', async () => {
    const server = await serve((socket) => {
      socket.write(ok)
      setTimeout(() => socket.resetAndDestroy(), 5)
    })
    const us = ask()
    for (let i = 0; i < 20; i++) {
      expect((await us.get(server.url)).errorCode).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, i % 10))
    }
  })

  it('reports a reset, a close and a timeout', async () => {
    const server = await serve((socket, text) => {
      if (text.includes('/reset')) socket.resetAndDestroy()
      else if (text.includes('/close')) socket.end()
    })
    const us = ask()
    expect((await us.get(`${server.url}/reset`)).errorCode).toBe(1220)
    expect((await us.get(`${server.url}/close`)).error).toBe('EOF')
    expect((await us.get(`${server.url}/silent`, { timeoutMs: 20 })).errorCode).toBe(1050)
  })
})

async function answerNext(server: RawServer): Promise<void> {
  const before = server.received.join('').length
  await until(() => server.received.join('').length > before)
  for (const socket of server.sockets) socket.write(ok)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
