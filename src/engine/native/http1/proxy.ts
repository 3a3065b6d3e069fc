/**
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go's net/http reads them: upper case first, loopback targets never go through
 * a proxy. Source: golang.org/x/net/http/httpproxy, documentation of `Config`.
 */
import { isIP, type Socket } from 'node:net'
import { PerfwrightError } from '#base/errors.js'
import type { DialEvents } from './dialer.js'
import { fault } from './faults.js'
import { blockContains, type IpBlock, parseCidr } from './ip.js'
import { ResponseParser } from './parser.js'
import type { Target } from './types.js'

export interface Proxy {
  readonly host: string
  readonly port: number
  /** `Proxy-Authorization: Basic ...` with CRLF, or nothing. */
  readonly authorization: string
}

export interface Proxies {
  for(target: Target): Proxy | undefined
}

export function readProxyEnv(env: Readonly<Record<string, string>>): Proxies {
  const get = (name: string): string => env[name] || env[name.toLowerCase()] || ''
  // In a CGI program HTTP_PROXY may come from a request header, so Go ignores it there.
  const http = env['REQUEST_METHOD'] ? undefined : parseProxy('HTTP_PROXY', get('HTTP_PROXY'))
  const https = parseProxy('HTTPS_PROXY', get('HTTPS_PROXY'))
  if (http === undefined && https === undefined) return { for: () => undefined }
  const bypass = parseNoProxy(get('NO_PROXY'))
  return {
    for(target) {
      const proxy = target.secure ? https : http
      if (proxy === undefined || target.socketPath !== undefined || isLoopback(target.host) || bypass(target))
        return undefined
      return proxy
    },
  }
}

/**
 * Asks an HTTP proxy for a tunnel. Go's words for a refusal are the reason phrase of the proxy's status line.
 */
export function connectThrough(
  socket: Socket,
  proxy: Proxy,
  target: Target,
  events: DialEvents,
  open: () => void,
): void {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  const authority = `${host}:${target.port}`
  const parser = new ResponseParser({ usedBytes: 0 })
  // A CONNECT's 200 has no body; what follows belongs to the tunnel.
  parser.start(true, true, undefined)
  const stop = (text: string): void => {
    detach()
    socket.destroy()
    if (!events.abandoned) events.failed(fault(1000, text))
  }
  const read = (chunk: Buffer): void => {
    const used = parser.feed(chunk, 0, chunk.length)
    if (parser.error !== '') return stop(parser.error)
    if (!parser.done || parser.head === undefined) return
    if (parser.head.status !== 200) return stop(parser.head.statusText.replace(/^\d+ ?/, '') || 'unknown status code')
    detach()
    // A server that speaks first inside the tunnel is heard by TLS.
    if (used < chunk.length) socket.unshift(chunk.subarray(used))
    if (events.abandoned) socket.destroy()
    else open()
  }
  const ended = (): void => stop(parser.sawBytes ? 'unexpected EOF' : 'EOF')
  const failed = (error: Error): void => stop(error.message)
  const detach = (): void => {
    socket.removeListener('data', read)
    socket.removeListener('end', ended)
    socket.removeListener('close', ended)
    socket.removeListener('error', failed)
    // Someone must hear errors that come after.
    socket.on('error', () => undefined)
    socket.pause()
  }
  socket.on('data', read)
  socket.on('end', ended)
  socket.on('close', ended)
  socket.on('error', failed)
  socket.write(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: Go-http-client/1.1\r\n${proxy.authorization}\r\n`,
    'latin1',
  )
}

function parseProxy(name: string, text: string): Proxy | undefined {
  if (text === '') return undefined
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (url?.protocol !== 'http:') {
    throw new PerfwrightError({
      code: 'PW_HTTP_PROXY',
      message: `${name} is set to something that is no http:// proxy.`,
      where: name,
      fix: `Set ${name} to http://[user:password@]host:port, or unset it.`,
    })
  }
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  const basic = Buffer.from(`${user}:${password}`, 'utf8').toString('base64')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: user === '' && password === '' ? '' : `Proxy-Authorization: Basic ${basic}\r\n`,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function parseNoProxy(text: string): (target: Target) => boolean {
  const names: { readonly suffix: string; readonly self: boolean; readonly port: string }[] = []
  const ips: { readonly ip: string; readonly port: string }[] = []
  const blocks: IpBlock[] = []
  for (const raw of text.split(',')) {
    const entry = raw.trim().toLowerCase()
    if (entry === '') continue
    if (entry === '*') return () => true
    const block = parseCidr(entry)
    if (block !== undefined) {
      blocks.push(block)
      continue
    }
    const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry)
    const host = (match === null ? entry : (match[1] as string)).replace(/^\[|\]$/g, '')
    const port = match?.[2] ?? ''
    if (isIP(host) !== 0) ips.push({ ip: host, port })
    else if (host.startsWith('*.')) names.push({ suffix: host.slice(1), self: false, port })
    else if (host.startsWith('.')) names.push({ suffix: host, self: false, port })
    else if (host !== '') names.push({ suffix: `.${host}`, self: true, port })
  }
  return (target) => {
    const samePort = (port: string): boolean => port === '' || Number(port) === target.port
    const host = target.host.replace(/\.$/, '')
    if (isIP(host) !== 0) {
      return (
        blocks.some((block) => blockContains(block, host)) || ips.some(({ ip, port }) => ip === host && samePort(port))
      )
    }
    return names.some(
      ({ suffix, self, port }) => (host.endsWith(suffix) || (self && host === suffix.slice(1))) && samePort(port),
    )
  }
}
