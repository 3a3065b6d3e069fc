/**
 * What went wrong, in k6's words. k6 has two texts for one error: a short one for `res.error` and the `error` tag, made
 * from its own table of codes, and Go's own, which it logs and throws. Texts and codes here were read off real k6.
 */
import { getServers } from 'node:dns'
import { isIP } from 'node:net'

export interface Fault {
  readonly code: number
  readonly error: string
  /** Go's words, see WireResponse.errorDetail. */
  readonly detail: string
}

export function fault(code: number, error: string, detail: string = error): Fault {
  return { code, error, detail }
}

export const requestTimeout: Fault = fault(1050, 'request timeout')
export const dialTimeout: Fault = fault(1211, 'dial: i/o timeout')
export const canceled: Fault = fault(1000, 'context canceled')

export const brokenConnection = 'net/http: HTTP/1.x transport connection broken: '

/** A failed connect. `address` is `ip:port` or a socket's path. */
export function dialFault(error: unknown, network: 'tcp' | 'unix', address: string, local: string | undefined): Fault {
  const { errno, text } = osError(error)
  const where = local === undefined ? address : `${local}->${address}`
  const call =
    errno === 99 || errno === 98 ? 'bind' : errno === 24 || errno === 23 || errno === 97 ? 'socket' : 'connect'
  const detail = `dial ${network} ${where}: ${call}: ${text}`
  if (network === 'unix') return fault(1010, detail)
  if (errno === 110) return dialTimeout
  if (errno === 111) return fault(1212, 'dial: connection refused', detail)
  if (errno === 104) return fault(1220, 'dial: connection reset by peer', detail)
  return fault(1213, `dial: unknown errno ${errno} error with msg \`${text}\``, detail)
}

/** A failed read or write on an open connection. */
export function ioFault(error: unknown, network: 'tcp' | 'unix', local: string, remote: string, prefix = ''): Fault {
  const { errno, text, call } = osError(error)
  const detail = `${call} ${network} ${local}->${remote}: ${call}: ${text}`
  const full = prefix + detail
  if (network === 'unix') return fault(1010, detail, full)
  if (errno === 104) return fault(1220, `${call}: connection reset by peer`, full)
  if (errno === 32) return fault(1201, `${call}: broken pipe`, full)
  if (errno === 110) return requestTimeout
  return fault(1200, detail, full)
}

/** A name that does not resolve. `text` from the resolver. */
export function dnsFault(error: unknown, host: string): Fault {
  const code = (error as NodeJS.ErrnoException).code
  // Go names the server that it asked.
  const server = getServers()[0]
  const on = server === undefined ? '' : ` on ${withPort(server, 53)}`
  if (code === 'ENOTFOUND' || code === 'ENODATA') {
    return fault(1101, 'lookup: no such host', `lookup ${host}${on}: no such host`)
  }
  const words = code === 'EAI_AGAIN' ? 'server misbehaving' : String((error as Error).message)
  return fault(1100, `lookup ${host}${on}: ${words}`)
}

function withPort(address: string, port: number): string {
  if (isIP(address) === 6) return `[${address}]:${port}`
  return isIP(address) === 4 ? `${address}:${port}` : address
}

interface OsError {
  readonly errno: number
  readonly text: string
  readonly call: 'read' | 'write'
}

function osError(error: unknown): OsError {
  const e = error as NodeJS.ErrnoException
  const known = osErrors[e.code ?? '']
  return {
    errno: known?.[0] ?? Math.abs(e.errno ?? 0),
    text: known?.[1] ?? String(e.message),
    call: e.syscall === 'write' || e.syscall === 'shutdown' ? 'write' : 'read',
  }
}

/** Linux's numbers and texts (errno(3), strerror(3)), which Go prints on every system that k6's users compare. */
const osErrors: Readonly<Record<string, readonly [errno: number, text: string]>> = {
  EPERM: [1, 'operation not permitted'],
  ENOENT: [2, 'no such file or directory'],
  EACCES: [13, 'permission denied'],
  EINVAL: [22, 'invalid argument'],
  ENFILE: [23, 'too many open files in system'],
  EMFILE: [24, 'too many open files'],
  EPIPE: [32, 'broken pipe'],
  EPROTOTYPE: [91, 'protocol wrong type for socket'],
  EAFNOSUPPORT: [97, 'address family not supported by protocol'],
  EADDRINUSE: [98, 'address already in use'],
  EADDRNOTAVAIL: [99, 'cannot assign requested address'],
  ENETDOWN: [100, 'network is down'],
  ENETUNREACH: [101, 'network is unreachable'],
  ECONNABORTED: [103, 'software caused connection abort'],
  ECONNRESET: [104, 'connection reset by peer'],
  ENOBUFS: [105, 'no buffer space available'],
  ENOTCONN: [107, 'transport endpoint is not connected'],
  ETIMEDOUT: [110, 'connection timed out'],
  ECONNREFUSED: [111, 'connection refused'],
  EHOSTDOWN: [112, 'host is down'],
  EHOSTUNREACH: [113, 'no route to host'],
}
