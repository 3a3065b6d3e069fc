/** Where a database is, as its URI says, and a socket to it, encrypted where the URI asks for that. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { WireProtocol } from './types.js'

export interface Upstream {
  readonly protocol: WireProtocol
  readonly host: string
  readonly port: number
  /** The way to the server is encrypted; between target and proxy it never is. */
  readonly tls: boolean
}

const ports: Readonly<Record<WireProtocol, number>> = { postgres: 5432, mysql: 3306, redis: 6379, mongodb: 27017 }

/** @throws PW_WIRE_TLS where the URI asks for TLS that the proxy cannot speak for the target */
export function upstreamOf(protocol: WireProtocol, uri: string): Upstream {
  // A scheme that URL knows, and the first of several hosts.
  const plain = uri.replace(/^[a-z+]+:/, 'http:').replace(/^(http:\/\/(?:[^@/]*@)?[^,/?]+),[^/?]*/, '$1')
  const url = URL.canParse(plain) ? new URL(plain) : undefined
  if (url === undefined || uri.startsWith('mongodb+srv:')) {
    throw new PerfwrightError({
      code: 'PW_WIRE_URI',
      message: 'The proxy needs one host and port of the database.',
      where: '--db',
      fix: `${protocol}://user:password@host:${ports[protocol]}/database`,
      exitCode: ExitCode.usage,
    })
  }
  const asked = url.searchParams
  const tls =
    uri.startsWith('rediss:') ||
    /^(require|verify-ca|verify-full)$/.test(asked.get('sslmode') ?? '') ||
    asked.get('tls') === 'true' ||
    asked.get('ssl') === 'true'
  if (tls && protocol === 'mysql') {
    throw new PerfwrightError({
      code: 'PW_WIRE_TLS',
      message: 'MySQL changes to TLS in the middle of its greeting, so the proxy cannot speak it for the target.',
      where: '--db',
      fix: 'Let the target talk to a server on this network without TLS for the time of the probe.',
      exitCode: ExitCode.targetUnusable,
    })
  }
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port) || ports[protocol],
    tls,
  }
}

/** @throws the system's error, or one that says that the server has no TLS */
export async function connectUpstream({ protocol, host, port, tls }: Upstream): Promise<Socket> {
  const socket = connectTcp({ host, port, noDelay: true, timeout: 10_000 })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error('no answer within 10 s')))
  })
  socket.setTimeout(0)
  if (!tls) return socket
  if (protocol === 'postgres') await askForTls(socket)
  const secure = connectTls({ socket, servername: /^[\d.:]+$/.test(host) ? '' : host, rejectUnauthorized: false })
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
  })
  return secure
}

/** SSLRequest; the server answers one byte. */
async function askForTls(socket: Socket): Promise<void> {
  const request = Buffer.alloc(8)
  request.writeInt32BE(8, 0)
  request.writeInt32BE(80_877_103, 4)
  socket.write(request)
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve)
    socket.once('error', reject)
    socket.once('end', () => reject(new Error('the server closed the connection')))
  })
  socket.pause()
  if (answer[0] !== 0x53) throw new Error('the server has no TLS')
}
