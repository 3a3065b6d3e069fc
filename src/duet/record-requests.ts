/** A server that stands before the target while a script runs once, and keeps what the script sends. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DuetRequest } from './types.js'

const bodyBytes = 1 << 20
/** Of the connection, not of the request. */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'host',
  'content-length',
  'transfer-encoding',
  'proxy-connection',
  'upgrade',
  'te',
  'expect',
])

export class RequestRecorder {
  readonly requests: DuetRequest[] = []
  /** What was passed on but cannot be sent again. */
  tooLarge = 0
  readonly #most: number
  readonly #target: URL
  readonly #server: Server
  readonly #onFull: () => void

  /** @param onFull  called once when `most` requests are kept */
  constructor(target: URL, most: number, onFull: () => void) {
    this.#target = target
    this.#most = most
    this.#onFull = onFull
    this.#server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const onward = httpRequest(
        {
          hostname: this.#target.hostname,
          port: this.#target.port,
          method: incoming.method,
          path: incoming.url,
          headers: { ...incoming.headers, host: this.#target.host },
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        },
      )
      onward.on('error', (error) => {
        if (!outgoing.headersSent) outgoing.writeHead(502)
        outgoing.end(error.message)
      })
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= bodyBytes) chunks.push(chunk)
      })
      incoming.on('end', () => {
        if (bytes > bodyBytes) this.tooLarge++
        else this.#keep(incoming, Buffer.concat(chunks))
      })
      incoming.pipe(onward)
    })
  }

  /** @returns its port on 127.0.0.1 */
  async open(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #keep(incoming: IncomingMessage, body: Buffer): void {
    if (this.requests.length >= this.#most) return
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (value !== undefined && !hopHeaders.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value
    }
    const text = body.toString('utf8')
    const isText = Buffer.from(text, 'utf8').equals(body)
    this.requests.push({
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers,
      ...(body.length === 0
        ? {}
        : isText
          ? { body: text }
          : { body: body.toString('base64'), bodyEncoding: 'base64' as const }),
    })
    if (this.requests.length === this.#most) this.#onFull()
  }
}

/** `http://host:port` written in a script's text, which is led to the recorder. https cannot be: nobody has its key. */
export function hostsIn(source: string): { readonly http: readonly string[]; readonly https: readonly string[] } {
  const found = { http: new Set<string>(), https: new Set<string>() }
  for (const [, scheme, host, port] of source.matchAll(/\b(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?/gi))
    found[scheme?.toLowerCase() === 'https' ? 'https' : 'http'].add(
      `${host?.toLowerCase()}:${port ?? (scheme?.toLowerCase() === 'https' ? 443 : 80)}`,
    )
  return { http: [...found.http], https: [...found.https] }
}
