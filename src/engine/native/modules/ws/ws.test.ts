import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Interruption } from '../../interrupt.js'
import { startWebSocketServer, type WebSocketServer } from './testing/server.js'
import { createTestScope, type TestScope, type TestScopeInit } from '../../testing/scope.js'
import { createWsModule } from './index.js'

interface Socket {
  on(event: string, handler: (argument?: unknown) => unknown): void
  send(message: string): void
  sendBinary(bytes: ArrayBuffer): void
  ping(): void
  close(code?: number): void
  setTimeout(run: () => void, ms: number): void
  setInterval(run: () => void, ms: number): void
}
interface Response {
  readonly status: number
  readonly body: string
  readonly error: string
  readonly headers: Record<string, string>
}
type Connect = (url: string, ...rest: unknown[]) => Promise<Response>

let server: WebSocketServer
let base = ''
let seen: WebSocketServer['seen']
const scopes: TestScope[] = []

beforeAll(async () => {
  server = await startWebSocketServer()
  ;({ base, seen } = server)
})
afterEach(() => {
  for (const scope of scopes.splice(0)) scope.close()
})
afterAll(() => server.stop())

function scopeOf(init: TestScopeInit = {}): { scope: TestScope; connect: Connect } {
  const scope = createTestScope(init)
  scopes.push(scope)
  return { scope, connect: createWsModule(scope)['connect'] as Connect }
}

const values = (scope: TestScope, metric: string): number[] =>
  scope.taken.filter((sample) => sample.metric === metric).map(({ value }) => value)

describe('ws.connect', () => {
  it('blocks until the socket is closed, and answers the handshake', async () => {
    const { scope, connect } = scopeOf()
    const heard: unknown[] = []
    const response = await connect(`${base}/ws-echo`, { tags: { step: 'echo' } }, (socket: Socket) => {
      socket.on('open', () => {
        socket.send('héllo')
        socket.sendBinary(new Uint8Array([1, 2, 255]).buffer)
        socket.ping()
      })
      socket.on('message', (message) => heard.push(message))
      socket.on('binaryMessage', (bytes) => heard.push([...new Uint8Array(bytes as ArrayBuffer)]))
      socket.on('pong', () => socket.close(3001))
      socket.on('close', (code) => heard.push(code))
    })
    expect(heard).toEqual(['héllo', [1, 2, 255], 3001])
    expect(response).toMatchObject({ status: 101, error: '', headers: { Upgrade: 'websocket' } })
    expect(values(scope, 'ws_sessions')).toEqual([1])
    expect(values(scope, 'ws_msgs_sent')).toEqual([1, 1])
    expect(values(scope, 'ws_msgs_received')).toEqual([1, 1])
    expect(values(scope, 'ws_ping')[0]).toBeGreaterThanOrEqual(0)
    expect(values(scope, 'ws_session_duration')).toHaveLength(1)
    const { tags } = scope.taken.find(({ metric }) => metric === 'ws_msgs_sent')!
    expect(tags).toEqual({
      scenario: 'default',
      group: '',
      step: 'echo',
      status: '101',
      subproto: '',
      url: `${base}/ws-echo`,
    })
    await expect.poll(() => seen.closed.at(-1)).toEqual({ code: 3001, reason: '' })
  })

  it('takes every length of message, compressed and not', async () => {
    for (const [path, compression] of [
      ['ws-echo', ''],
      ['ws-deflate', 'deflate'],
    ]) {
      const { connect } = scopeOf()
      const lengths = [0, 1, 125, 126, 127, 5461, 5462, 16_384, 65_535, 65_536, 1_000_000]
      const heard: string[] = []
      await connect(`${base}/${path}`, { compression }, (socket: Socket) => {
        socket.on('open', () => {
          for (const length of lengths) socket.send('aé€'.repeat(Math.ceil(length / 3)).slice(0, length))
        })
        socket.on('message', (message) => {
          heard.push(message as string)
          if (heard.length === lengths.length) socket.close()
        })
      })
      expect(heard.map((message) => message.length)).toEqual(lengths)
      expect(heard.at(-1)).toBe('aé€'.repeat(333_334).slice(0, 1_000_000))
    }
  })

  it('holds back events while a handler blocks, and lets what the handler calls go on', async () => {
    const { scope, connect } = scopeOf()
    const order: string[] = []
    await connect(`${base}/ws-burst/3`, (socket: Socket) => {
      // What the compiler makes of a handler that calls sleep(): a function that answers a promise.
      socket.on('message', (message) => {
        order.push(`begin ${String(message)}`)
        const sleep = scope.loop.block<void>((resolve) => scope.clock.soon(() => resolve()))
        return sleep.then(() => {
          order.push(`end ${String(message)}`)
          if (message === 'message 2') socket.close()
        })
      })
    })
    expect(order).toEqual([0, 1, 2].flatMap((n) => [`begin message ${n}`, `end message ${n}`]))
  })

  it('ends when a promise of the script closes the socket between two handlers', async () => {
    const { connect } = scopeOf()
    const response = await connect(`${base}/ws-hello`, (socket: Socket) => {
      socket.on('message', () => setImmediate(() => socket.close()))
    })
    expect(response.status).toBe(101)
  })

  it.each([
    ['ws-refuse/404', { status: 404, body: 'refused with 404', error: '' }],
    ['ws-bad-accept', { status: 101, error: '' }],
    ['ws-hang-up', { status: 0, error: 'unexpected EOF' }],
  ])('answers a failed handshake: %s', async (path, expected) => {
    const { scope, connect } = scopeOf()
    let called = false
    const response = await connect(`${base}/${path}`, () => {
      called = true
    })
    expect(response).toMatchObject(expected)
    expect(called).toBe(false)
    expect(values(scope, 'ws_sessions')).toEqual([1])
    expect(values(scope, 'ws_connecting')).toHaveLength(1)
  })

  it.each([
    ['8300', 'websocket: close sent', 1001],
    ['end/8105', 'websocket: close 1006 (abnormal closure): unexpected EOF', 1006],
    ['880403f3686f', 'websocket: close 1011 (internal server error): ho', 1011],
    // 2^63 bytes announced.
    ['827f8000000000000000', 'websocket: close sent', 1001],
    // Not deflate data, though nothing of the kind was agreed on.
    ['c103ffffff', 'websocket: close sent', 1001],
  ])('survives what breaks the protocol: %s', async (bytes, error, code) => {
    const { connect } = scopeOf()
    const heard: unknown[] = []
    await connect(
      `${base}/${bytes.startsWith('end/') ? bytes.replace('end', 'ws-bytes') : `ws-bytes-stay/${bytes}`}`,
      (socket: Socket) => {
        socket.on('error', (problem) => heard.push((problem as { error(): string }).error()))
        socket.on('close', (given) => heard.push(given))
      },
    )
    expect(heard).toEqual([error, code])
  })

  it('throws what a handler throws, after telling the close handlers', async () => {
    const { connect } = scopeOf()
    const heard: unknown[] = []
    const session = connect(`${base}/ws-hello`, (socket: Socket) => {
      socket.on('message', () => {
        throw new Error('boom')
      })
      socket.on('close', (code) => heard.push(code))
    })
    await expect(session).rejects.toThrow('boom')
    expect(heard).toEqual([1001])
  })

  it('ends with the iteration: the peer hears 1001, no handler runs', async () => {
    const { scope, connect } = scopeOf()
    const heard: unknown[] = []
    const before = seen.closed.length
    const session = connect(`${base}/ws-echo`, (socket: Socket) => {
      for (const event of ['close', 'error', 'message']) socket.on(event, (value) => heard.push(value))
      socket.on('open', () => scope.loop.interrupt(new Interruption('over')))
    })
    await expect(session).rejects.toBeInstanceOf(Interruption)
    expect(heard).toEqual([])
    expect(values(scope, 'ws_session_duration')).toEqual([])
    await expect.poll(() => seen.closed.slice(before)).toEqual([{ code: 1001, reason: '' }])
  })

  it('refuses to run in the init context', () => {
    const { connect } = scopeOf({ phase: 'init' })
    expect(() => connect(base, () => undefined)).toThrow('using websockets in the init context is not supported')
  })
})
