/** A proxy before another HTTP service that the target calls: which calls, how long, with which answer. */
import { createServer, request as sendHttp, type IncomingMessage, type Server } from 'node:http'
import { request as sendHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { nowMs } from '#base/clock.js'

export interface HttpCall {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly startMs: number
  readonly endMs: number
  readonly status: number
  readonly bytes: number
}

export class HttpProxy {
  /** `http://127.0.0.1:port` in place of the service's origin. */
  readonly origin: string
  readonly upstream: URL
  readonly #server: Server

  private constructor(upstream: URL, server: Server) {
    this.upstream = upstream
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(upstream: URL, onCall: (call: HttpCall) => void): Promise<HttpProxy> {
    const server = createServer((incoming, response) => {
      const startMs = nowMs()
      const { method = 'GET', url = '/' } = incoming
      const tell = (status: number, bytes: number): void =>
        onCall({ method, host: upstream.host, path: url.slice(0, 2_000), startMs, endMs: nowMs(), status, bytes })
      const send = upstream.protocol === 'https:' ? sendHttps : sendHttp
      const outgoing = send(
        new URL(url, upstream),
        { method, headers: { ...incoming.headers, host: upstream.host }, agent: false, rejectUnauthorized: false },
        (answer: IncomingMessage) => {
          let bytes = 0
          response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
          answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
          answer.on('end', () => tell(answer.statusCode ?? 502, bytes))
          answer.on('error', () => response.destroy())
          answer.pipe(response)
        },
      )
      outgoing.on('error', () => {
        tell(502, 0)
        if (!response.headersSent) response.writeHead(502)
        response.end()
      })
      incoming.pipe(outgoing)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new HttpProxy(upstream, server)
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }
}
