/** The dashboard's HTTP server: bounded in everything that a client sends and in how many there are. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cannotServe, Refusal, remoteRefused } from './errors.js'
import { Guard } from './guard.js'

export interface Reply {
  readonly status?: number
  readonly type: string
  readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  /** Undefined: the strict policy of the dashboard's own pages. */
  readonly policy?: string
}

/** Answers a request that was admitted; undefined when it has taken the response over (event streams). */
export type Answer = (request: AskedFor, response: ServerResponse) => Promise<Reply | undefined> | Reply | undefined

export interface AskedFor {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly lastEventId: string | undefined
  /** Parsed JSON of a POST. */
  readonly body: unknown
}

export interface DashboardServer {
  /** With the token: who opens it is let in. */
  readonly url: string
  readonly address: string
  close(): Promise<void>
}

export interface ListenOptions {
  /** `HOST:PORT`, `:PORT` or `PORT`; undefined: loopback, port 5665 or, when that is taken, any. */
  readonly address: string | undefined
  readonly allowRemote: boolean
  /** Keeps the process alive: the dashboard is all that it does. */
  readonly isMain: boolean
}

const DEFAULT_PORT = 5665
const MAX_BODY = 16 * 1024
const MAX_CONNECTIONS = 100

/** @throws PW_DASHBOARD_LISTEN, PW_DASHBOARD_REMOTE */
export async function startServer(options: ListenOptions, answer: Answer): Promise<DashboardServer> {
  const { host, port } = readAddress(options.address)
  const isRemote = !isLoopback(host)
  if (isRemote && !options.allowRemote) throw remoteRefused(host)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 })
  server.maxConnections = MAX_CONNECTIONS
  const wanted = `${host}:${port ?? DEFAULT_PORT}`
  try {
    await listen(server, port ?? DEFAULT_PORT, host)
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (!taken || port !== undefined) throw cannotServe(wanted, (error as Error).message, error)
    await listen(server, 0, host)
  }
  // Later trouble of single connections is their own.
  server.on('error', () => {})
  const bound = server.address() as AddressInfo
  const names = isRemote ? [host, hostname()] : [host]
  const guard = new Guard({ port: bound.port, names, isRemote })
  server.on('request', (request, response) => void serve(request, response, guard, answer))
  if (!options.isMain) server.unref()
  const shown = isRemote && (host === '0.0.0.0' || host === '::') ? hostname() : host
  const address = `${isIP(shown) === 6 ? `[${shown}]` : shown}:${bound.port}`
  return {
    url: `http://${address}/?token=${guard.token}`,
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function readAddress(address: string | undefined): { readonly host: string; readonly port: number | undefined } {
  if (address === undefined || address === '') return { host: '127.0.0.1', port: undefined }
  const [, name = '', digits] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(address) ?? []
  if (digits === undefined || Number(digits) > 65_535) throw cannotServe(address, 'this is no HOST:PORT')
  return { host: name === '' ? '127.0.0.1' : name.replace(/^\[(.*)\]$/, '$1'), port: Number(digits) }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

async function serve(request: IncomingMessage, response: ServerResponse, guard: Guard, answer: Answer): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://dashboard')
    const admission = guard.admit(request, url)
    if ('reason' in admission) throw new Refusal(admission.status, admission.reason)
    const headers: Record<string, string> = { ...HEADERS }
    if (admission.setCookie !== undefined) headers['Set-Cookie'] = admission.setCookie
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) throw new Refusal(405, 'only GET and POST')
    const lastEventId = request.headers['last-event-id']
    const asked = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      body: request.method === 'POST' ? await readJson(request) : undefined,
    }
    const reply = await answer(asked, response)
    if (reply !== undefined) await send(request, response, reply)
  } catch (error) {
    refuse(response, error)
  }
}

async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const { body } = reply
  if (reply.policy !== undefined) response.setHeader('Content-Security-Policy', reply.policy)
  const headers = { 'Content-Type': reply.type, ...reply.headers }
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(reply.status ?? 200, { ...headers, 'Content-Length': Buffer.byteLength(body) })
    response.end(request.method === 'HEAD' ? '' : body)
    return
  }
  response.writeHead(reply.status ?? 200, headers)
  // Piece by piece, as fast as the client reads.
  await pipeline(Readable.from(body), response).catch(() => response.destroy())
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const status = error instanceof Refusal ? error.status : error instanceof TypeError ? 400 : 500
  const reason = error instanceof Error ? error.message : String(error)
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
  // Whatever else the client still sends is not read.
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
  response.end(`${reason}\n`)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Refusal(413, 'the request body is too large')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    throw new Refusal(400, 'the request body is no JSON')
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

/**
 * For pages made of a record (report, flame graph), which hold their own script and style: they run, and reach nothing.
 * The sandbox gives them an origin of their own, so that not even a hostile record can use the dashboard's.
 */
export const SANDBOX: string =
  "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
