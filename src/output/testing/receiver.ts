/** Real servers on 127.0.0.1 that take what outputs send, well or badly. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders as Http2Headers,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Decompressed when it came as gzip. */
  readonly body: Buffer
}

export interface Receiver {
  readonly port: number
  readonly requests: Received[]
  close(): Promise<void>
}

/** @param answer  the n-th request's, from 0; by default all is well */
export async function httpReceiver(
  answer: (response: ServerResponse, n: number) => void = (response) => response.writeHead(204).end(),
): Promise<Receiver> {
  const requests: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const whole = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole
      const { method = '', url: path = '', headers } = request
      requests.push({ method, path, headers, body })
      answer(response, requests.length - 1)
    })
  })
  return listening(server, requests)
}

export type GrpcAnswer = { readonly status: number; readonly message?: string } | 'nothing' | 'close'

export async function grpcReceiver(answer: (n: number) => GrpcAnswer = () => ({ status: 0 })): Promise<Receiver> {
  const requests: Received[] = []
  const server = createHttp2Server()
  server.on('stream', (stream: ServerHttp2Stream, headers: Http2Headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const frame = Buffer.concat(chunks)
      const message = frame.subarray(5)
      requests.push({
        method: String(headers[':method']),
        path: String(headers[':path']),
        headers,
        body: frame[0] === 1 ? gunzipSync(message) : message,
      })
      const verdict = answer(requests.length - 1)
      if (verdict === 'nothing') return
      if (verdict === 'close') return stream.session?.destroy()
      const { status, message: text = '' } = verdict
      const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(text) }
      if (status !== 0) {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true })
        return
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers(trailers))
      stream.end(Buffer.from([0, 0, 0, 0, 0]))
    })
  })
  return listening(server, requests)
}

/** A port that nobody listens on. */
export async function deadPort(): Promise<number> {
  const receiver = await httpReceiver()
  await receiver.close()
  return receiver.port
}

async function listening(server: Server, requests: Received[]): Promise<Receiver> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
