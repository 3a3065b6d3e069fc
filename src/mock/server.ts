/** The sockets of a stand-in: HTTP, and HTTPS where it has a certificate. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#base/clock.js'
import { cannotListen } from './errors.js'
import type { MockAnswer, MockRequest } from './responder.js'

export interface MockServerOptions {
  readonly host: string
  readonly port: number
  /** Undefined serves no HTTPS. */
  readonly secure: { readonly port: number; readonly key: string; readonly cert: string } | undefined
  readonly clock: Clock
  readonly answer: (request: MockRequest) => MockAnswer | Promise<MockAnswer>
  /** After each answer. */
  readonly served?: ((request: MockRequest, answer: MockAnswer, tookMs: number) => void) | undefined
}

export interface RunningMock {
  readonly port: number
  readonly securePort: number | undefined
  close(): Promise<void>
}

/** A request that sends more than this is answered without its rest being looked at. */
const maxBody = 1024 * 1024

/** @throws PW_MOCK_LISTEN */
export async function serveMock(options: MockServerOptions): Promise<RunningMock> {
  const { host, port, secure } = options
  const handle = (request: IncomingMessage, response: ServerResponse): void => receive(request, response, options)
  const plain = createServer({ keepAlive: true, noDelay: true }, handle)
  // Load generators keep connections for longer than Node's five seconds; a close in between would be an error of ours.
  plain.keepAliveTimeout = 75_000
  await listen(plain, port, host)
  let safe: Server | undefined
  if (secure !== undefined) {
    safe = createSecureServer({ key: secure.key, cert: secure.cert }, handle) as unknown as Server
    safe.keepAliveTimeout = 75_000
    try {
      await listen(safe, secure.port, host)
    } catch (error) {
      await close(plain)
      throw error
    }
  }
  return {
    port: (plain.address() as AddressInfo).port,
    securePort: safe === undefined ? undefined : (safe.address() as AddressInfo).port,
    close: async () => {
      await close(plain)
      if (safe !== undefined) await close(safe)
    },
  }
}

function receive(message: IncomingMessage, response: ServerResponse, options: MockServerOptions): void {
  const startNs = options.clock.nowNs()
  const chunks: Buffer[] = []
  let bytes = 0
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBody) chunks.push(chunk)
  })
  // A client that went away: nothing is left to answer.
  message.on('error', () => {})
  response.on('error', () => {})
  message.on('end', () => {
    const request: MockRequest = {
      method: message.method ?? 'GET',
      target: originForm(message.url ?? '/'),
      body: chunks.length === 0 ? undefined : Buffer.concat(chunks),
      headers: message.headers,
    }
    void respond(request, response, startNs, options)
  })
}

async function respond(
  request: MockRequest,
  response: ServerResponse,
  startNs: number,
  { clock, answer, served }: MockServerOptions,
): Promise<void> {
  const given = await answer(request)
  const send = (): void => {
    if (response.destroyed) return
    const bare = given.status === 204 || given.status === 304
    response.writeHead(given.status, bare ? given.headers : { ...given.headers, 'content-length': given.body.length })
    response.end(bare || request.method === 'HEAD' ? undefined : given.body)
    served?.(request, given, (clock.nowNs() - startNs) / 1e6)
  }
  if (given.delayMs <= 0) send()
  else clock.coarseAt(startNs + given.delayMs * 1e6, send)
}

/** A client that takes the stand-in for a proxy sends the whole URL. */
function originForm(target: string): string {
  return /^https?:\/\//i.test(target) ? target.replace(/^https?:\/\/[^/?]*/i, '') || '/' : target
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(`${host}:${port}`, error)))
    server.listen(port, host, resolve)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
