/**
 * The REST API on a socket. It can stop a load test and read its setup data, so that it answers only whom it was opened
 * for: loopback unless an address says otherwise, no request that a web page of another origin sent, none under a host
 * name that is not ours (DNS rebinding), bounded bodies.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { hostname } from 'node:os'
import { cannotListen } from './errors.js'
import { answer, type Reply } from './routes.js'
import type { ControlSurface } from './surface.js'

export interface ControlServer {
  /** `127.0.0.1:6565`, with the port that was given by the system when 0 was asked for. */
  readonly address: string
  close(): Promise<void>
}

/** Setup data is the largest that anybody sends. */
const MAX_BODY = 16 * 1024 * 1024

/**
 * @param address  `host:port`; without a host loopback, where k6 would listen on all interfaces
 * @throws PW_CONTROL_LISTEN
 */
export async function startControlServer(address: string, surface: ControlSurface): Promise<ControlServer> {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(address) ?? []
  if (port === '' || Number(port) > 65_535) throw cannotListen(address, 'this is no HOST:PORT')
  const host = name === '' ? '127.0.0.1' : name.replace(/^\[(.*)\]$/, '$1')
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 })
  server.maxConnections = 100
  await listen(server, Number(port), host, address)
  const bound = server.address() as AddressInfo
  const names = ownNames(host, bound.address)
  server.on('request', (request, response) => {
    serve(request, names, surface).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, { status: 500, type: 'text/plain; charset=utf-8', body: String(error) }),
    )
  })
  // A run ends when its load has ended, not when the last curious client has gone.
  server.unref()
  return {
    address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(address, error.message, error)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      // Later trouble of single connections is their own.
      server.on('error', () => {})
      resolve()
    })
  })
}

async function serve(request: IncomingMessage, names: ReadonlySet<string>, surface: ControlSurface): Promise<Reply> {
  const body = await readBody(request)
  const host = request.headers.host ?? ''
  if (!isOwn(host, names)) return forbidden(`the host ${JSON.stringify(host.slice(0, 100))} is not this run's`)
  const { origin } = request.headers
  if (origin !== undefined && origin !== `http://${host}`)
    return forbidden('a page of another origin may not control a run')
  if (body === undefined) return { status: 413, type: 'text/plain; charset=utf-8', body: 'request body too large\n' }
  const path = (request.url ?? '/').replace(/[?#].*$/s, '')
  return await answer(request.method ?? 'GET', path, body, surface)
}

/** Names under which this machine is asked; an address cannot be rebound, so that every address is ours. */
function ownNames(host: string, bound: string): Set<string> {
  return new Set(['localhost', host, bound, hostname()].map((name) => name.toLowerCase()))
}

function isOwn(header: string, names: ReadonlySet<string>): boolean {
  const host = header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return names.has(host) || isIP(host) !== 0
}

function forbidden(reason: string): Reply {
  return { status: 403, type: 'text/plain; charset=utf-8', body: `forbidden: ${reason}\n` }
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // Read on for a while, because an answer to somebody who is still sending is lost with the connection.
    if (size > 4 * MAX_BODY) return undefined
    if (size > MAX_BODY) chunks.length = 0
    else chunks.push(chunk)
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return
  const body = Buffer.from(reply.body)
  response.writeHead(reply.status, {
    ...(reply.type === undefined ? {} : { 'Content-Type': reply.type }),
    ...reply.headers,
    'Content-Length': body.length,
  })
  response.end(body)
}
