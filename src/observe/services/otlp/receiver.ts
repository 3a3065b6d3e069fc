/**
 * Receives OTLP traces: `POST /v1/traces` over HTTP (protocol buffers or JSON, plain, gzip or deflate), or over gRPC.
 * Source: opentelemetry.io/docs/specs/otlp. Bodies are bounded before and after unpacking; a sender that is refused gets
 * the status that the specification has for it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { readJsonSpans } from './json.js'
import { readProtobufSpans } from './protobuf.js'
import type { Span } from './span.js'

const MAX_BODY_BYTES = 8 * 1024 * 1024
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024

export interface Receiver {
  readonly port: number
  close(): Promise<void>
}

/** @throws Error of `listen`: the port is taken, the address is not ours */
export async function startHttpReceiver(host: string, port: number, take: (spans: Span[]) => void): Promise<Receiver> {
  const server = createServer((request, response) => {
    answerHttp(request, response, take).catch(() => request.destroy())
  })
  server.requestTimeout = 10_000
  return await listening(server, host, port, () => server.closeAllConnections())
}

/** As `startHttpReceiver`, for `TraceService/Export` of gRPC. */
export async function startGrpcReceiver(host: string, port: number, take: (spans: Span[]) => void): Promise<Receiver> {
  const sockets = new Set<Socket>()
  const server = http2.createServer()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    answerGrpc(stream, headers, take).catch(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))
  })
  return await listening(server as unknown as Server, host, port, () => sockets.forEach((socket) => socket.destroy()))
}

async function listening(server: Server, host: string, port: number, closeAll: () => void): Promise<Receiver> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  server.on('error', () => {})
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        closeAll()
      }),
  }
}

class Refusal extends Error {
  readonly status: number
  readonly grpcStatus: number

  constructor(status: number, grpcStatus: number, message: string) {
    super(message)
    this.status = status
    this.grpcStatus = grpcStatus
  }
}

async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  take: (spans: Span[]) => void,
): Promise<void> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  const isJson = type === 'application/json'
  try {
    if (request.method !== 'POST') throw new Refusal(405, 0, 'POST to /v1/traces')
    const path = request.url?.split('?')[0]
    // A sender that is set up for all three signals must not fill its log with errors because of us.
    const isOther = path === '/v1/metrics' || path === '/v1/logs'
    if (path !== '/v1/traces' && !isOther) throw new Refusal(404, 0, 'only /v1/traces is here')
    if (!isJson && type !== 'application/x-protobuf')
      throw new Refusal(415, 0, 'application/x-protobuf or application/json')
    const body = await unpacked(await bodyOf(request), request.headers['content-encoding'])
    if (!isOther) take(spansOf(body, isJson))
    response.writeHead(200, { 'content-type': type })
    response.end(isJson ? '{}' : '')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    response.writeHead(error.status, { 'content-type': 'text/plain', connection: 'close' })
    response.end(error.message, () => request.destroy())
  }
}

async function answerGrpc(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  take: (spans: Span[]) => void,
): Promise<void> {
  const finish = (status: number, message: string, frame?: Buffer): void => {
    if (stream.destroyed) return
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': message }))
    stream.end(frame)
  }
  try {
    if (headers[':path'] !== '/opentelemetry.proto.collector.trace.v1.TraceService/Export') {
      throw new Refusal(404, 12, 'only TraceService/Export is here')
    }
    const frame = await bodyOf(stream)
    // One byte whether it is packed, four of length, the message.
    if (frame.length < 5 || frame.readUInt32BE(1) !== frame.length - 5) throw new Refusal(400, 3, 'no whole message')
    const encoding = frame[0] === 0 ? undefined : String(headers['grpc-encoding'] ?? 'gzip')
    take(spansOf(await unpacked(frame.subarray(5), encoding), false))
    // An empty ExportTraceServiceResponse.
    finish(0, '', Buffer.alloc(5))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    finish(error.grpcStatus, error.message)
  }
}

async function bodyOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Not destroyed when it is too long: the sender has to hear why.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > MAX_BODY_BYTES) throw new Refusal(413, 8, 'more than 8 MB')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) }

async function unpacked(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body
  if (encoding !== 'gzip' && encoding !== 'deflate') throw new Refusal(415, 12, 'gzip, deflate or identity')
  try {
    return await unpackers[encoding](body, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch {
    throw new Refusal(400, 3, `no ${encoding}, or more than 32 MB of it`)
  }
}

function spansOf(body: Buffer, isJson: boolean): Span[] {
  try {
    return isJson ? readJsonSpans(body.toString('utf8')) : readProtobufSpans(body)
  } catch {
    throw new Refusal(400, 3, 'no ExportTraceServiceRequest')
  }
}
