/** The header block of a request as Go's net/http writes it, and nothing that could begin a second request. */
import { goQuote } from './go-quote.js'
import type { Target } from './types.js'
import { toBytes } from './url.js'

/** A header that Go refuses to send; `message` in its words, k6's code 1000. */
export class HeaderError extends Error {}

/**
 * Host, User-Agent, Content-Length, then the others by name; canonical names. A `Host` among `headers` replaces the
 * target's. `Content-Length`, `Transfer-Encoding` and `Trailer` are the transport's own and are left out.
 * @param bodyLength  bytes; undefined = no body
 * @returns  every line with CRLF, without the blank line; one character a byte
 * @throws   HeaderError
 */
export function buildHeaderBlock(
  target: Target,
  method: string,
  headers: Iterable<readonly [name: string, value: string]>,
  bodyLength: number | undefined,
): string {
  if (!isToken(method)) throw new HeaderError(`net/http: invalid method ${goQuote(toBytes(method))}`)
  let host = target.hostHeader
  let userAgent = ''
  const others: (readonly [name: string, value: string])[] = []
  for (const [rawName, rawValue] of headers) {
    const name = toBytes(rawName)
    const value = toBytes(rawValue)
    if (!isToken(name)) {
      throw new HeaderError(`net/http: invalid header field name ${goQuote(name)}`)
    }
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw new HeaderError(`net/http: invalid header field value for ${goQuote(name)}`)
    }
    const canonical = name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
    const text = value.replace(/^[ \t]+|[ \t]+$/g, '')
    switch (canonical) {
      case 'Host':
        // Go sends an empty Host rather than one that cannot be a host.
        host = /^[a-zA-Z0-9!$%&'()*+,\-.:;=[\]_~]*$/.test(text) ? text : ''
        break
      case 'User-Agent':
        userAgent = text
        break
      case 'Content-Length':
      case 'Transfer-Encoding':
      case 'Trailer':
        break
      default:
        others.push([canonical, text])
    }
  }
  let block = `Host: ${host}\r\n`
  if (userAgent !== '') block += `User-Agent: ${userAgent}\r\n`
  if (bodyLength !== undefined && bodyLength > 0) block += `Content-Length: ${bodyLength}\r\n`
  else if (method === 'POST' || method === 'PUT' || method === 'PATCH') block += 'Content-Length: 0\r\n'
  others.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  for (const [name, value] of others) block += `${name}: ${value}\r\n`
  return block
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/.test(text)
}
