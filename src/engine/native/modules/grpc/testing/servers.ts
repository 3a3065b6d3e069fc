/** gRPC's own server for Node, with the services that the tests call. */
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  Metadata,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'

export const protoText = `syntax = "proto3"; package t;
  import "google/protobuf/timestamp.proto";
  service S {
    rpc Hello(Hi) returns (Hi);
    rpc Fail(Hi) returns (Hi);
    rpc Hang(Hi) returns (Hi);
    rpc Meta(Hi) returns (Hi);
    rpc Count(Hi) returns (stream Hi);
    rpc Sum(stream Hi) returns (Hi);
    rpc Double(stream Hi) returns (stream Hi);
  }
  message Hi { string name = 1; int64 count = 2; repeated int32 list = 3; google.protobuf.Timestamp at = 4; }`

interface Hi {
  name: string
  count: number
  list?: number[]
}

export interface TestServer {
  readonly address: string
  /** Calls that reached it. */
  readonly calls: string[]
  /** Closes connections and port at once. */
  stop(): void
}

/** @param maxStreams  the server's MAX_CONCURRENT_STREAMS; undefined = it names none */
export async function startGrpcJs(port = 0, maxStreams?: number): Promise<TestServer> {
  const { root } = protobuf.parse(protoText, { keepCase: true })
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {})
  const hi = root.lookupType('t.Hi')
  const serialize = (value: Hi): Buffer => Buffer.from(hi.encode(hi.fromObject(value)).finish())
  const deserialize = (bytes: Buffer): Hi => hi.toObject(hi.decode(bytes), { longs: Number, defaults: true }) as Hi
  const calls: string[] = []
  const method = (name: string, requestStream: boolean, responseStream: boolean): object => ({
    path: `/t.S/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  })
  const server = new Server(maxStreams === undefined ? {} : { 'grpc.max_concurrent_streams': maxStreams })
  type Unary = [ServerUnaryCall<Hi, Hi>, sendUnaryData<Hi>]
  server.addService(
    {
      Hello: method('Hello', false, false),
      Fail: method('Fail', false, false),
      Hang: method('Hang', false, false),
      Meta: method('Meta', false, false),
      Count: method('Count', false, true),
      Sum: method('Sum', true, false),
      Double: method('Double', true, true),
    } as never,
    {
      Hello: (...[call, done]: Unary) => {
        calls.push('Hello')
        done(null, { ...call.request, name: `hello ${call.request.name}` })
      },
      Fail: (...[call, done]: Unary) => {
        const trailers = new Metadata()
        trailers.set('why', 'asked')
        done({ code: call.request.count, details: call.request.name, metadata: trailers } as never, null)
      },
      Hang: () => void calls.push('Hang'),
      Meta: (...[call, done]: Unary) => {
        const headers = new Metadata()
        headers.set('got', String(call.metadata.get('mine')))
        headers.set('raw-bin', Buffer.from([1, 2]))
        call.sendMetadata(headers)
        done(null, { name: '', count: 0 })
      },
      Count: (call: ServerWritableStream<Hi, Hi>) => {
        for (let i = 1; i <= call.request.count; i++) call.write({ name: '', count: i })
        call.end()
      },
      Sum: (call: ServerReadableStream<Hi, Hi>, done: sendUnaryData<Hi>) => {
        let sum = 0
        call.on('data', ({ count }: Hi) => (sum += count))
        call.on('end', () => done(null, { name: '', count: sum }))
      },
      Double: (call: ServerDuplexStream<Hi, Hi>) => {
        call.on('data', ({ count }: Hi) => call.write({ name: '', count: 2 * count }))
        call.on('end', () => call.end())
      },
    } as never,
  )
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    )
  })
  return { address: `127.0.0.1:${bound}`, calls, stop: () => server.forceShutdown() }
}
