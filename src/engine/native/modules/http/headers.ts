/**
 * Request and response headers: Go's canonical names and the order in which k6's requests carry them on the wire
 * (Host, User-Agent, Content-Length or Transfer-Encoding, then the others by name).
 */
import { toBytes } from '../../http1/url.js'
import { isToken } from './cookie-jar.js'

/** Canonical name -> value, in the order the script gave them. */
export type HeaderMap = Map<string, string>

const canonicalNames = new Map<string, string>()

/** `textproto.CanonicalMIMEHeaderKey`: `x-request-id` -> `X-Request-Id`; a name that is no token stays as it is. */
export function canonicalName(name: string): string {
  const known = canonicalNames.get(name)
  if (known !== undefined) return known
  const canonical = isToken(name)
    ? name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
    : name
  // Names come from servers too, so the cache is bounded.
  if (canonicalNames.size >= 1000) canonicalNames.clear()
  canonicalNames.set(name, canonical)
  return canonical
}

/**
 * What is wrong with the headers, in Go's words; undefined when nothing is. Nothing that fails here may reach the wire:
 * a line break in a value would be a request of its own.
 */
export function headerFault(headers: HeaderMap): string | undefined {
  for (const [name, value] of headers) {
    if (!isToken(name)) return `net/http: invalid header field name ${JSON.stringify(name)}`
    if (hasControl(value)) return `net/http: invalid header field value for "${name}"`
  }
  return undefined
}

/** A control character other than tab. */
function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 9) || code === 0x7f) return true
  }
  return false
}

/** Go lets its transport write these itself, whatever the script gave. */
const writtenByTransport = new Set(['Host', 'User-Agent', 'Content-Length', 'Transfer-Encoding', 'Trailer'])

/**
 * The complete block after the request line, each line ending in CRLF, one character a byte.
 * @param host  sent empty, as Go does, when it cannot be one
 * @param bodyLength  undefined = no body; -1 = chunked
 */
export function headerBlock(
  host: string,
  method: string,
  headers: HeaderMap,
  bodyLength: number | undefined,
  close: boolean,
): string {
  const agent = headers.get('User-Agent')
  let block = `Host: ${isHost(host) ? host : ''}\r\n`
  if (agent !== undefined && agent !== '') block += `User-Agent: ${agent.trim()}\r\n`
  if (bodyLength === -1) block += 'Transfer-Encoding: chunked\r\n'
  else if (bodyLength !== undefined) block += `Content-Length: ${bodyLength}\r\n`
  else if (method === 'POST' || method === 'PUT' || method === 'PATCH') block += 'Content-Length: 0\r\n'
  if (headers.size > 1 || agent === undefined) {
    for (const name of [...headers.keys()].sort()) {
      if (!writtenByTransport.has(name)) block += `${name}: ${(headers.get(name) as string).trim()}\r\n`
    }
  }
  // Where connections are not reused (noConnectionReuse) Go says so last.
  if (close && !headers.has('Connection')) block += 'Connection: close\r\n'
  return toBytes(block)
}

function isHost(text: string): boolean {
  return /^[a-zA-Z0-9!$%&'()*+,\-.:;=[\]_~]*$/.test(text)
}

/** Canonical names, repeated ones joined with `, `, as k6 shows them in `res.headers`. */
export function joinHeaders(raw: readonly string[], into: Record<string, string>): Record<string, string> {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = canonicalName(raw[i] as string)
    const old = into[name]
    const value = raw[i + 1] as string
    if (name === '__proto__') continue
    into[name] = old === undefined || !Object.hasOwn(into, name) ? value : `${old}, ${value}`
  }
  return into
}

/** First value of a header, by its lower-case name. */
export function rawHeader(raw: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return raw[i + 1]
  }
  return undefined
}

export function rawHeaderAll(raw: readonly string[], lowerName: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) values.push(raw[i + 1] as string)
  }
  return values
}
