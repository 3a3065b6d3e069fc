// oxlint-disable unicorn/prefer-add-event-listener -- the on... properties are what is tested
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Interruption } from '../../interrupt.js'
import { startWebSocketServer, type WebSocketServer } from '../ws/testing/server.js'
import { createTestScope, type TestScope, type TestScopeInit } from '../../testing/scope.js'
import { createWebSocketsModule } from './index.js'

// biome-ignore lint: a script's view of the module, which has no types.
type Any = any

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

function scopeOf(init: TestScopeInit = {}): { scope: TestScope; WebSocket: Any; Blob: Any } {
  const scope = createTestScope(init)
  scopes.push(scope)
  const { WebSocket, Blob } = createWebSocketsModule(scope) as Record<string, Any>
  return { scope, WebSocket, Blob }
}

const idle = (scope: TestScope): Promise<void> => new Promise((resolve) => scope.loop.whenIdle(resolve))
const values = (scope: TestScope, metric: string): number[] =>
  scope.taken.filter((sample) => sample.metric === metric).map(({ value }) => value)

describe('WebSocket', () => {
  it('keeps the iteration alive until it is closed, and takes k6’s samples', async () => {
    const { scope, WebSocket } = scopeOf()
    const heard: unknown[] = []
    const socket = new WebSocket(`${base}/ws-echo`, ['pick-me'], { tags: { step: 'echo' } })
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      socket.send('text')
      socket.send(new Uint8Array([1, 2]))
      heard.push(socket.protocol, socket.bufferedAmount)
    }
    socket.onmessage = ({ data }: Any) => {
      heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)])
      if (typeof data !== 'string') socket.ping()
    }
    socket.onpong = () => socket.close(3005, 'done')
    socket.addEventListener('close', ({ code, reason }: Any) => heard.push(code, reason, socket.readyState))
    await idle(scope)
    expect(heard).toEqual(['pick-me', 6, 'text', [1, 2], 3005, 'done', 3])
    expect(socket.bufferedAmount).toBe(0)
    // Pings and close frames count as messages sent, as in k6.
    expect(values(scope, 'ws_msgs_sent')).toEqual([1, 1, 1, 1])
    expect(values(scope, 'ws_msgs_received')).toEqual([1, 1])
    expect(values(scope, 'ws_session_duration')).toHaveLength(1)
    const { tags } = scope.taken.find(({ metric }) => metric === 'ws_sessions')!
    const url = `${base}/ws-echo`
    expect(tags).toEqual({
      scenario: 'default',
      group: '',
      step: 'echo',
      status: '101',
      subproto: 'pick-me',
      url,
      name: url,
    })
  })

  it('gives binary messages as Blob unless told otherwise', async () => {
    const { scope, WebSocket } = scopeOf()
    const socket = new WebSocket(`${base}/ws-binary`)
    let bytes: number[] = []
    socket.onmessage = async ({ data }: Any) => {
      bytes = [...new Uint8Array(await data.arrayBuffer())]
      socket.close()
    }
    await idle(scope)
    expect(bytes).toEqual([0, 1, 2, 253, 254, 255])
  })

  it('tells an error, then the close, when the connection breaks off', async () => {
    const { scope, WebSocket } = scopeOf()
    const heard: unknown[] = []
    const socket = new WebSocket(`${base}/ws-drop`)
    socket.onerror = ({ error }: Any) => heard.push(error)
    socket.onclose = ({ code }: Any) => heard.push(code)
    await idle(scope)
    expect(heard).toEqual(['websocket: close 1006 (abnormal closure): unexpected EOF', 1006])
  })

  it('is closed when the iteration is interrupted', async () => {
    const { scope, WebSocket } = scopeOf()
    const heard: unknown[] = []
    const before = seen.closed.length
    const socket = new WebSocket(`${base}/ws-echo`)
    socket.onclose = () => heard.push('close')
    socket.onopen = () => scope.loop.interrupt(new Interruption('over'))
    await expect.poll(() => seen.closed.slice(before)).toEqual([{ code: 1000, reason: '' }])
    expect(heard).toEqual([])
    expect(socket.readyState).toBe(3)
  })

  it('may be closed before it is open', async () => {
    const { scope, WebSocket } = scopeOf()
    const heard: unknown[] = []
    const socket = new WebSocket(`${base}/ws-echo`)
    socket.onopen = () => heard.push('open')
    socket.onclose = () => heard.push('close')
    socket.close()
    await idle(scope)
    expect(heard).toEqual(['close'])
  })

  it('refuses in k6’s words', () => {
    const { WebSocket } = scopeOf()
    const said = (make: () => unknown): string => {
      try {
        make()
        return ''
      } catch (error) {
        return String(error)
      }
    }
    expect(said(() => new WebSocket('http://a'))).toBe(
      'GoError: WebSocket requires url with scheme ws or wss, but got "http"',
    )
    expect(said(() => new WebSocket(base, null, { nope: 1 }))).toBe("GoError: unknown WebSocket's option nope")
    const socket = new WebSocket(`${base}/ws-echo`)
    expect(said(() => socket.send('early'))).toBe('GoError: InvalidStateError')
    socket.close()
  })
})

describe('Blob', () => {
  it('joins its parts and gives them as text, bytes, slices and a stream', async () => {
    const { Blob } = scopeOf()
    const blob = new Blob(['hé', new Uint8Array([108, 108]), new Blob(['o'])], { type: 'text/plain' })
    expect([blob.size, blob.type, await blob.text(), String(blob)]).toEqual([6, 'text/plain', 'héllo', '[object Blob]'])
    expect([...(await blob.bytes())].length).toBe(6)
    expect(await blob.slice(3, -1).text()).toBe('ll')
    const { value } = await blob.stream().getReader().read()
    expect(value).toBe('héllo')
  })
})
