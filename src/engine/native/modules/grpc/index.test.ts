import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestScope, type TestScope } from '../../testing/scope.js'
import { createGrpcModule } from './index.js'
import { protoText, startGrpcJs, type TestServer } from './testing/servers.js'

interface Client {
  load(paths: unknown, ...files: string[]): unknown
  connect(address: string, params?: object): Promise<boolean>
  invoke(method: string, request?: unknown, params?: object): Promise<Response>
  asyncInvoke(method: string, request?: unknown, params?: object): Promise<Response>
  healthCheck(): Promise<unknown>
  close(): void
}
interface Response {
  message: Record<string, unknown> | null
  error: { code: number; message: string; details: unknown[] } | null
  headers: Record<string, string[]>
  trailers: Record<string, string[]>
  status: object
}
interface Stream {
  on(event: string, listener: (value: never, meta: { ts: number }) => void): void
  write(message: unknown): void
  end(): void
}
interface Grpc {
  Client: new () => Client
  Stream: new (client: Client, method: string, params?: object) => Stream
  StatusOK: object
  StatusNotFound: object
  StatusDeadlineExceeded: object
  StatusUnavailable: object
}

let server: TestServer
let scope: TestScope
let grpc: Grpc
let client: Client

beforeAll(async () => {
  server = await startGrpcJs()
  scope = createTestScope({ phase: 'init' })
  Object.assign(scope, { files: { entryUrl: 'file:///scripts/main.js', read: readProto } })
  grpc = createGrpcModule(scope) as unknown as Grpc
  client = new grpc.Client()
  client.load(['protos'], 't.proto')
  scope.phase = 'vu'
  await client.connect(server.address, { plaintext: true })
})

afterAll(() => {
  client.close()
  server.stop()
  scope.close()
})

function readProto(url: string): Uint8Array {
  if (url === 'file:///scripts/protos/t.proto') return Buffer.from(protoText)
  throw new Error('no such file')
}

describe('invoke', () => {
  it('answers message, status, headers and trailers, and counts the call with its tags', async () => {
    const r = await client.invoke('t.S/Hello', {
      name: 'x',
      count: '9007199254740993',
      list: [1, -1],
      at: '1970-01-01T00:00:01.5Z',
    })
    expect(r.message).toMatchObject({ name: 'hello x', list: [1, -1] })
    expect(r.error).toBe(null)
    expect(r.status).toBe(grpc.StatusOK)
    expect(r.headers['content-type']?.[0]).toMatch(/^application\/grpc/)
    const sample = scope.taken.findLast(({ metric }) => metric === 'grpc_req_duration')
    expect(sample?.tags).toEqual({
      group: '',
      method: 'Hello',
      name: '/t.S/Hello',
      scenario: 'default',
      service: 't.S',
      status: '0',
      url: `${server.address}/t.S/Hello`,
    })
    expect(scope.dataSent).toBeGreaterThan(0)
    expect(scope.dataReceived).toBeGreaterThan(0)
  })

  it('gives objects of the script, with what is unset', async () => {
    const { message } = await client.invoke('t.S/Hello', {})
    expect(message).toBeInstanceOf(scope.realm.Object)
    expect(message?.['list']).toBeInstanceOf(scope.realm.Array)
    expect(JSON.stringify(message)).toBe('{"name":"hello ","count":"0","list":[],"at":null}')
  })

  it('answers the status of a failure, with the message of nothing', async () => {
    const r = await client.invoke('t.S/Fail', { name: 'no é', count: 5 })
    expect(r.status).toBe(grpc.StatusNotFound)
    expect(r.error).toEqual({ code: 5, message: 'no é', details: [] })
    expect(r.trailers['why']).toEqual(['asked'])
    expect(r.message).toEqual({ name: '', count: '0', list: [], at: null })
  })

  it('sends metadata and reads binary headers', async () => {
    const r = await client.invoke('t.S/Meta', {}, { metadata: { mine: 'yours' }, tags: { a: 1 } })
    expect(r.headers['got']).toEqual(['yours'])
    expect(r.headers['raw-bin']).toEqual(['\u0001\u0002'])
    expect(scope.taken.findLast(({ metric }) => metric === 'grpc_req_duration')?.tags['a']).toBe('1')
  })

  it('ends at its deadline', async () => {
    const r = await client.invoke('t.S/Hang', {}, { timeout: 30 })
    expect(r.status).toBe(grpc.StatusDeadlineExceeded)
  })

  it('names line and column of what cannot be sent', () => {
    expect(() => client.invoke('t.S/Hello', { name: 'a', count: 1.5 })).toThrow(
      'unable to serialise request object to protocol buffer: proto: (line 1:21): invalid value for int64 field count: 1.5',
    )
  })

  it('dials again after its connection was lost', async () => {
    const own = await startGrpcJs()
    const [, port] = own.address.split(':')
    const other = new grpc.Client()
    scope.phase = 'init'
    other.load(['protos'], 't.proto')
    scope.phase = 'vu'
    await other.connect(own.address, { plaintext: true })
    const hanging = other.asyncInvoke('t.S/Hang', {})
    await expect.poll(() => own.calls).toEqual(['Hang'])
    own.stop()
    expect((await hanging).status).toBe(grpc.StatusUnavailable)
    const again = await startGrpcJs(Number(port))
    expect((await other.invoke('t.S/Hello', { name: 'again' })).message?.['name']).toBe('hello again')
    other.close()
    again.stop()
  })

  it('sends and receives messages that no window holds at once', async () => {
    const name = 'x'.repeat(3_000_000)
    const responses = await Promise.all([1, 2, 3].map(() => client.asyncInvoke('t.S/Hello', { name })))
    for (const { message } of responses) expect(message?.['name']).toBe(`hello ${name}`)
  })
})

describe('Stream', () => {
  const collect = (stream: Stream): Promise<unknown[]> =>
    new Promise((resolve) => {
      const seen: unknown[] = []
      stream.on('data', (message: { count: string }) => seen.push(message.count))
      stream.on('error', (error: { code: object; message: string }) => seen.push([Number(error.code), error.message]))
      stream.on('end', () => resolve(seen))
    })

  it('hears every message of the server, then the end', async () => {
    const stream = new grpc.Stream(client, 't.S/Count')
    stream.write({ count: 3 })
    expect(await collect(stream)).toEqual(['1', '2', '3'])
    expect(scope.taken.filter(({ metric }) => metric === 'grpc_streams_msgs_received')).toHaveLength(3)
  })

  it('sends many messages for one answer', async () => {
    const stream = new grpc.Stream(client, 't.S/Sum')
    for (const count of [1, 2, 3]) stream.write({ count })
    stream.end()
    stream.write({ count: 100 })
    expect(await collect(stream)).toEqual(['6'])
  })

  it('talks both ways', async () => {
    const stream = new grpc.Stream(client, 't.S/Double')
    const seen = collect(stream)
    stream.on('data', (message: { count: string }) => {
      if (Number(message.count) < 10) stream.write({ count: message.count })
      else stream.end()
    })
    stream.write({ count: 2 })
    expect(await seen).toEqual(['4', '8', '16'])
  })

  it('tells of what cannot be sent, and ends', async () => {
    const stream = new grpc.Stream(client, 't.S/Double')
    const seen = collect(stream)
    stream.write({ nothing: 2 })
    expect(await seen).toEqual([
      [2, `can't serialise request object to protocol buffer: proto: (line 1:2): unknown field "nothing"`],
    ])
  })
})

describe('connect', () => {
  it.each([
    [
      '127.0.0.1:1',
      'connection error: desc = "transport: error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"',
    ],
    [
      '127.0.0.1',
      'connection error: desc = "transport: error while dialing: address 127.0.0.1: missing port in address"',
    ],
  ])('to %s says why not', async (address, why) => {
    await expect(new grpc.Client().connect(address, { plaintext: true, timeout: '5s' })).rejects.toThrow(why)
  })

  it('is needed before a call', () => {
    expect(() => new grpc.Client().invoke('t.S/Hello', {})).toThrow('no gRPC connection, you must call connect first')
  })
})

describe('a server that allows one stream at a time', () => {
  let narrow: TestServer
  let other: Client

  beforeAll(async () => {
    narrow = await startGrpcJs(0, 1)
    other = new grpc.Client()
    scope.phase = 'init'
    other.load(['protos'], 't.proto')
    scope.phase = 'vu'
    await other.connect(narrow.address, { plaintext: true })
  })

  afterAll(() => {
    other.close()
    narrow.stop()
  })

  it('gets calls one after the other, streams too', async () => {
    const names = ['a', 'b', 'c', 'd']
    const calls = names.map((name) => other.asyncInvoke('t.S/Hello', { name }))
    const stream = new grpc.Stream(other, 't.S/Sum')
    for (const count of [1, 2, 3]) stream.write({ count })
    stream.end()
    const sum = new Promise((resolve) => stream.on('data', ({ count }: { count: string }) => resolve(count)))
    const responses = await Promise.all(calls)
    expect(responses.map(({ message }) => message?.['name'])).toEqual(names.map((name) => `hello ${name}`))
    expect(await sum).toBe('6')
  })

  it('does not see a call whose deadline passes before its turn', async () => {
    const before = narrow.calls.length
    const hanging = other.asyncInvoke('t.S/Hang', {}, { timeout: 300 })
    const late = other.asyncInvoke('t.S/Hello', { name: 'late' }, { timeout: 1 })
    const patient = other.asyncInvoke('t.S/Hello', { name: 'patient' })
    expect((await late).status).toBe(grpc.StatusDeadlineExceeded)
    expect((await hanging).status).toBe(grpc.StatusDeadlineExceeded)
    expect((await patient).message?.['name']).toBe('hello patient')
    expect(narrow.calls.slice(before)).toEqual(['Hang', 'Hello'])
  })

  it('goes away: the calls that wait end, too', async () => {
    const calls = [1, 2, 3].map(() => other.asyncInvoke('t.S/Hang', {}))
    await expect.poll(() => narrow.calls.at(-1)).toBe('Hang')
    narrow.stop()
    for (const { status } of await Promise.all(calls)) expect(status).toBe(grpc.StatusUnavailable)
  })
})
