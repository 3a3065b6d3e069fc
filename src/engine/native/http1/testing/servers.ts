/** Real servers on 127.0.0.1 for the transport's tests, and the options they are asked with. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.js'
import type { Options } from '#config/types.js'
import { parseTarget } from '../target.js'
import { createTransport, type Transport } from '../transport.js'
import { bodyBytes, type Connections, type WireRequest, type WireResponse } from '../types.js'

export interface RawServer {
  readonly port: number
  readonly url: string
  /** Everything received, one entry per connection. */
  readonly received: string[]
  readonly sockets: net.Socket[]
  close(): void
}

export type ServerAnswer = (socket: net.Socket, text: string, connection: number) => void

/** Answers each chunk that a connection sends; `answer` gets the number of the connection and the text. */
export async function rawServer(
  answer: ServerAnswer,
  where: net.ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<RawServer> {
  const received: string[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    const connection = sockets.push(socket) - 1
    received.push('')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received[connection] += chunk.toString('latin1')
      answer(socket, chunk.toString('latin1'), connection)
    })
  })
  await new Promise<void>((resolve) => server.listen(where, resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    received,
    sockets,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'

export interface Client {
  readonly transport: Transport
  readonly connections: Connections
  get(url: string, more?: Partial<WireRequest>): Promise<WireResponse>
  close(): void
}

export function client(options: Partial<Options> = {}, proxyEnv: Readonly<Record<string, string>> = {}): Client {
  const transport = createTransport({ options: testOptions(options), proxyEnv, clock: systemClock })
  const connections = transport.connections(1)
  return {
    transport,
    connections,
    get: (url, more) =>
      new Promise((resolve) =>
        connections.send(request(url, more), (response) => resolve({ ...response, body: bodyBytes(response) })),
      ),
    close: () => {
      connections.close()
      transport.close()
    },
  }
}

export function request(url: string, more: Partial<WireRequest> = {}): WireRequest {
  const target = parseTarget(url)
  const body = more.body
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body?.length
  return {
    target,
    method: 'GET',
    headerBlock: `Host: ${target.hostHeader}\r\nUser-Agent: test\r\n${length === undefined ? '' : `Content-Length: ${length}\r\n`}`,
    body: undefined,
    timeoutMs: 5000,
    discardBody: false,
    ...more,
  }
}

function testOptions(options: Partial<Options>): Options {
  return {
    hosts: {},
    blockHostnames: [],
    blacklistIPs: [],
    localIPs: undefined,
    dns: { ttlMs: 300_000, select: 'first', policy: 'preferIPv4' },
    tlsAuth: [],
    tlsVersion: undefined,
    tlsCipherSuites: undefined,
    insecureSkipTLSVerify: false,
    noConnectionReuse: false,
    batch: 20,
    batchPerHost: 6,
    ...options,
  } as Options
}

/** A self-signed certificate for `names` (`DNS:x`, `IP:1.2.3.4`), made by the openssl command. */
export function certificate(names: string, days = 30): { readonly cert: string; readonly key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'http1-cert-'))
  const key = join(dir, 'key.pem')
  const cert = join(dir, 'cert.pem')
  const subject = ['-subj', '/CN=perfwright.test', ...(names === '' ? [] : ['-addext', `subjectAltName=${names}`])]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', String(days), ...subject],
    { stdio: 'ignore' },
  )
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
