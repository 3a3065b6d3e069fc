/** The opening handshake of a WebSocket (RFC 6455, 4): what the client asks and what it takes for an answer. */
import { createHash, randomBytes } from 'node:crypto'
import type { Target } from '../../http1/types.js'
import { cookiePair, type CookieStore, isToken, parseSetCookie, type SetCookie } from '../http/cookie-jar.js'
import { type GoUrl, goUrlText, parseGoUrl } from '../http/go-url.js'
import { headerBlock, type HeaderMap, rawHeaderAll } from '../http/headers.js'
import { parseTarget } from '../../http1/index.js'
import { deflateOffer } from './deflate.js'

/** One connection as the script asked for it. */
export interface WsRequest {
  readonly url: string
  /** Canonical names; User-Agent among them. */
  readonly headers: HeaderMap
  readonly protocols: readonly string[]
  readonly compression: boolean
  readonly jar: CookieStore | undefined
}

/** Where a request goes: http(s) instead of ws(s). */
export interface WsPlace {
  readonly url: GoUrl
  readonly target: Target
}

/** An answer to the handshake, good or bad. */
export interface WsAnswer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  /** Of a refusal: its first 1,024 bytes. */
  readonly body: string
  readonly protocol: string
  readonly extensions: readonly string[]
}

/** @throws Error with the words of k6 for a URL that cannot be dialled */
export function placeOf(url: string): WsPlace {
  const parsed = parseGoUrl(url)
  // Credentials are not allowed in a ws URL (RFC 6455, 3).
  if ((parsed.scheme !== 'ws' && parsed.scheme !== 'wss') || parsed.user !== undefined) {
    throw new Error('malformed ws or wss URL')
  }
  const asked = { ...parsed, scheme: parsed.scheme === 'ws' ? 'http' : 'https', fragment: '' }
  return { url: asked, target: parseTarget(goUrlText(asked)) }
}

/**
 * @returns the bytes of the request, latin1, and the key that the answer must prove to have read
 * @throws  Error in k6's words when the script gives a header that is the handshake's own
 */
export function handshakeRequest(request: WsRequest, place: WsPlace, nowMs: number): { head: string; accept: string } {
  const key = randomBytes(16).toString('base64')
  const headers: HeaderMap = new Map()
  const cookies = request.jar === undefined ? [] : request.jar.cookies(place.url, nowMs)
  if (cookies.length > 0) headers.set('Cookie', cookies.map(({ name, value }) => cookiePair(name, value)).join('; '))
  headers.set('Upgrade', 'websocket')
  headers.set('Connection', 'Upgrade')
  headers.set('Sec-WebSocket-Key', key)
  headers.set('Sec-WebSocket-Version', '13')
  if (request.protocols.length > 0) headers.set('Sec-WebSocket-Protocol', request.protocols.join(', '))
  let host = place.target.hostHeader
  for (const [name, value] of request.headers) {
    if (name === 'Host') host = value
    else if (ownHeaders.has(name) || (name === protocolName && request.protocols.length > 0)) {
      throw new Error(`websocket: duplicate header not allowed: ${name}`)
    } else if (isToken(name)) headers.set(name === protocolName ? 'Sec-WebSocket-Protocol' : name, oneLine(value))
  }
  if (request.compression) headers.set('Sec-WebSocket-Extensions', deflateOffer)
  const block = headerBlock(oneLine(host), 'GET', headers, undefined, false)
  const head = Buffer.from(`GET ${place.target.path} HTTP/1.1\r\n${block}\r\n`, 'utf8').toString('latin1')
  return { head, accept: acceptOf(key) }
}

/** Whether the answer opens the WebSocket. */
export function isAccepted(answer: WsAnswer, accept: string): boolean {
  const has = (name: string, token: string): boolean =>
    rawHeaderAll(answer.rawHeaders, name).some((line) =>
      line.split(',').some((part) => part.trim().toLowerCase() === token),
    )
  return (
    answer.status === 101 &&
    has('upgrade', 'websocket') &&
    has('connection', 'upgrade') &&
    rawHeaderAll(answer.rawHeaders, 'sec-websocket-accept')[0] === accept
  )
}

export function keepCookies(request: WsRequest, place: WsPlace, answer: WsAnswer, nowMs: number): void {
  if (request.jar === undefined) return
  const cookies = rawHeaderAll(answer.rawHeaders, 'set-cookie')
    .map(parseSetCookie)
    .filter((cookie): cookie is SetCookie => cookie !== undefined)
  if (cookies.length > 0) request.jar.set(place.url, cookies, nowMs)
}

export function wsAnswer(status: number, rawHeaders: readonly string[], body: string): WsAnswer {
  return {
    status,
    rawHeaders,
    body,
    protocol: rawHeaderAll(rawHeaders, 'sec-websocket-protocol')[0] ?? '',
    extensions: rawHeaderAll(rawHeaders, 'sec-websocket-extensions'),
  }
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

// As Go writes it, so that no value can begin a header of its own.
function oneLine(value: string): string {
  return value.replace(/[\r\n]/g, ' ').trim()
}

const protocolName = 'Sec-Websocket-Protocol'
const ownHeaders = new Set([
  'Upgrade',
  'Connection',
  'Sec-Websocket-Key',
  'Sec-Websocket-Version',
  'Sec-Websocket-Extensions',
])
