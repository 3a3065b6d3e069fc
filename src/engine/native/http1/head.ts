/**
 * The status line and header block of a response, read line by line as Go's net/http reads them (k6 is built on it):
 * a line may end in LF alone, a folded line continues the one before, names are tokens or hold spaces, values hold no
 * control character but tab. What Go refuses is refused in Go's words.
 */
import { goQuote } from './go-quote.js'

/** A complete header block. Immutable once built: one may serve many responses. */
export interface Head {
  readonly status: number
  readonly statusText: string
  readonly proto: string
  readonly rawHeaders: readonly string[]
  /** -1 when not given. */
  readonly contentLength: number
  readonly chunked: boolean
  /** The connection ends with this response. */
  readonly close: boolean
}

/** Takes the lines of one header block; `line` answers true when the blank line came, and throws a HeadError. */
export class HeadReader {
  #proto = ''
  #minorAtLeast11 = true
  #status = -1
  #statusText = ''
  #pending = ''
  #first = true
  #headers: string[] = []
  #transferEncodings: string[] | undefined
  #contentLengths: string[] | undefined
  #connection: string[] | undefined
  #trailers: string[] | undefined
  /** The first Pragma field's value. */
  #pragma: string | undefined
  #hasCacheControl = false
  #major = 1
  #minor = 1

  /** One line without its LF or CRLF. */
  line(text: string): boolean {
    if (this.#status < 0) {
      this.#statusLine(text)
      return false
    }
    const first = text.charCodeAt(0)
    if (first === 32 || first === 9) {
      if (this.#first) {
        throw new HeadError(
          text.length > 80 ? 'message too large' : `malformed MIME header initial line: ${goQuote(text)}`,
        )
      }
      this.#pending = `${this.#pending} ${trim(text)}`
      return false
    }
    if (this.#pending !== '') this.#field(this.#pending)
    if (text === '') {
      this.#pending = ''
      return true
    }
    this.#first = false
    // Go looks for the colon in the first physical line, before it looks for continuations.
    if (text.indexOf(':') < 0) throw new HeadError(`malformed MIME header: missing colon: ${goQuote(text)}`)
    this.#pending = trim(text)
    return false
  }

  /** The peer closed: Go still judges the last line before it misses the rest. */
  end(): void {
    if (this.#pending !== '') this.#field(this.#pending)
  }

  /** The block, after `line` answered true. `isHead`: it answers a HEAD. */
  head(isHead: boolean): Head {
    const headers = this.#headers
    const major = this.#major
    const minor = this.#minor
    let chunked = false
    let drop = 0
    if (this.#transferEncodings !== undefined) {
      drop |= dropTransferEncoding
      // HTTP/1.0 knows no transfer encodings; Go ignores the field there.
      if (this.#minorAtLeast11) {
        const all = this.#transferEncodings
        if (all.length !== 1) throw new HeadError(`too many transfer encodings: ${goQuoteList(all)}`)
        if ((all[0] as string).toLowerCase() !== 'chunked') {
          throw new HeadError(`unsupported transfer encoding: ${goQuote(all[0] as string)}`)
        }
        chunked = true
      }
    }
    let contentLength = -1
    let duplicateLengths = false
    if (this.#contentLengths !== undefined) {
      const all = this.#contentLengths
      const first = trim(all[0] as string)
      for (let i = 1; i < all.length; i++) {
        if (trim(all[i] as string) !== first) {
          throw new HeadError(`http: message cannot contain multiple Content-Length headers; got ${goQuoteList(all)}`)
        }
        duplicateLengths = true
      }
      contentLength = parseContentLength(first)
    }
    let close: boolean
    if (major < 1) close = true
    else {
      const says = this.#connection !== undefined && hasToken(this.#connection, 'close')
      if (major === 1 && minor === 0) {
        close = says || this.#connection === undefined || !hasToken(this.#connection, 'keep-alive')
      } else {
        close = says
        if (says) drop |= dropConnection
      }
    }
    if (chunked) {
      const status = this.#status
      if (!isHead && status !== 204 && status !== 304 && (status < 100 || status > 199)) drop |= dropContentLength
      if (this.#trailers !== undefined) {
        drop |= dropTrailer
        checkTrailerKeys(this.#trailers)
      }
    }
    // RFC 2616 section 14.32 and Go: Pragma: no-cache says what Cache-Control: no-cache says.
    if (this.#pragma === 'no-cache' && !this.#hasCacheControl) headers.push('Cache-Control', 'no-cache')
    return {
      status: this.#status,
      statusText: this.#statusText,
      proto: this.#proto,
      rawHeaders: drop === 0 && !duplicateLengths ? headers : without(headers, drop),
      contentLength,
      chunked,
      close,
    }
  }

  #statusLine(line: string): void {
    const space = line.indexOf(' ')
    if (space < 0) throw new HeadError(`malformed HTTP response ${goQuote(line)}`)
    const proto = line.slice(0, space)
    let start = space + 1
    while (line.charCodeAt(start) === 32) start++
    const status = line.slice(start)
    const end = status.indexOf(' ')
    const code = end < 0 ? status : status.slice(0, end)
    // Go's Atoi takes a sign, so '+20' is 20; a negative one is refused.
    if (code.length !== 3 || !/^(?:\d{3}|\+\d{2}|-00)$/.test(code)) {
      throw new HeadError(`malformed HTTP status code ${goQuote(code)}`)
    }
    if (proto === 'HTTP/1.0') this.#minor = 0
    else if (proto !== 'HTTP/1.1') {
      if (!/^HTTP\/\d\.\d$/.test(proto)) throw new HeadError(`malformed HTTP version ${goQuote(proto)}`)
      this.#major = proto.charCodeAt(5) - 48
      this.#minor = proto.charCodeAt(7) - 48
    }
    // Go reads 0.0 as "not said", which is 1.1, where it judges transfer encodings.
    this.#minorAtLeast11 =
      this.#major > 1 || (this.#major === 1 && this.#minor >= 1) || (this.#major === 0 && this.#minor === 0)
    this.#proto = proto
    this.#status = Number(code) | 0
    this.#statusText = decode(status)
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (!isFieldName(name)) throw new HeadError(`malformed MIME header line: ${goQuote(line)}`)
    if (hasBadValueByte(line, colon + 1)) {
      // Go has put the name in its canonical form by now, in the very bytes that it quotes.
      const shown = name.includes(' ') ? name : canonical(name.toLowerCase())
      throw new HeadError(`malformed MIME header line: ${goQuote(shown + line.slice(colon))}`)
    }
    // A fold of blanks alone leaves one at the end, as in Go.
    const value = line.slice(colon + 1).replace(/^[ \t]+/, '')
    this.#headers.push(name, decode(value))
    this.#remember(name, value)
  }

  /** Keeps what decides the framing; by length first, because most fields do not. */
  #remember(name: string, value: string): void {
    switch (name.length) {
      case 6:
        if (name.toLowerCase() === 'pragma') this.#pragma ??= value
        break
      case 7:
        if (name.toLowerCase() === 'trailer') (this.#trailers ??= []).push(value)
        break
      case 10:
        if (name.toLowerCase() === 'connection') (this.#connection ??= []).push(value)
        break
      case 13:
        if (name.toLowerCase() === 'cache-control') this.#hasCacheControl = true
        break
      case 14:
        if (name.toLowerCase() === 'content-length') (this.#contentLengths ??= []).push(value)
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') (this.#transferEncodings ??= []).push(value)
        break
    }
  }
}

/** What Go refuses, in its words. */
export class HeadError extends Error {}

const dropTransferEncoding = 1
const dropConnection = 2
const dropContentLength = 4
const dropTrailer = 8

function without(headers: readonly string[], drop: number): string[] {
  const out: string[] = []
  let lengths = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding' && drop & dropTransferEncoding) continue
    if (lower === 'connection' && drop & dropConnection) continue
    if (lower === 'trailer' && drop & dropTrailer) continue
    // Equal duplicates of Content-Length become one, as in Go.
    if (lower === 'content-length' && (drop & dropContentLength || lengths++ > 0)) continue
    out.push(name, headers[i + 1] as string)
  }
  return out
}

function parseContentLength(text: string): number {
  if (text === '') throw new HeadError('invalid empty Content-Length ""')
  if (!/^\d+$/.test(text)) throw new HeadError(`bad Content-Length ${goQuote(text)}`)
  // Go takes up to 2^63-1. A number beyond 2^53 is exact enough here: no body will reach it.
  if (text.length > 18 && BigInt(text) > 9223372036854775807n)
    throw new HeadError(`bad Content-Length ${goQuote(text)}`)
  return Number(text)
}

function checkTrailerKeys(values: readonly string[]): void {
  for (const value of values) {
    for (const part of value.split(',')) {
      const key = trim(part).toLowerCase()
      if (key === 'transfer-encoding' || key === 'trailer' || key === 'content-length') {
        throw new HeadError(`bad trailer key ${goQuote(canonical(key))}`)
      }
    }
  }
}

function canonical(key: string): string {
  return key.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

function hasToken(values: readonly string[], token: string): boolean {
  for (const value of values) {
    if (value.length === token.length && value.toLowerCase() === token) return true
    for (const part of value.split(',')) if (trim(part).toLowerCase() === token) return true
  }
  return false
}

/** RFC 9110 token characters and the space, which Go takes before the colon. */
const fieldNameBytes: Uint8Array = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~ 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  fieldNameBytes[char.charCodeAt(0)] = 1
}

function isFieldName(name: string): boolean {
  if (name === '') return false
  for (let i = 0; i < name.length; i++) if (fieldNameBytes[name.charCodeAt(i)] === 0) return false
  return true
}

function hasBadValueByte(line: string, start: number): boolean {
  for (let i = start; i < line.length; i++) {
    const c = line.charCodeAt(i)
    if ((c < 32 && c !== 9) || c === 127) return true
  }
  return false
}

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && (text.charCodeAt(start) === 32 || text.charCodeAt(start) === 9)) start++
  while (end > start && (text.charCodeAt(end - 1) === 32 || text.charCodeAt(end - 1) === 9)) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** Header bytes are UTF-8 to Go and to k6; nearly all are ASCII. */
function decode(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) > 127) return Buffer.from(latin1, 'latin1').toString('utf8')
  }
  // A slice of a longer string would keep all of it alive.
  return latin1
}

function goQuoteList(values: readonly string[]): string {
  return `[${values.map((value) => goQuote(value)).join(' ')}]`
}
