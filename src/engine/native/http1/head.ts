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

/**
 * Takes the lines of one header block; `line` answers true when the blank line came, and throws a HeadError. A line is
 * a stretch of a larger text, because cutting each out costs more than reading it.
 */
export class HeadReader {
  #proto = ''
  #minorAtLeast11 = true
  #status = -1
  #statusText = ''
  /** The line that a fold may still continue: a stretch of a text, its colon, and whether it may hold odd bytes. */
  #pending: string | undefined
  #pendingStart = 0
  #pendingEnd = 0
  #pendingColon = 0
  #pendingOdd = false
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

  /**
   * One line without its LF or CRLF: `text` from `start` to `end`.
   * @param odd  there may be control or non-ASCII characters in it
   */
  line(text: string, start: number, end: number, odd: boolean): boolean {
    if (this.#status < 0) {
      this.#statusLine(text.slice(start, end))
      return false
    }
    const first = start < end ? text.charCodeAt(start) : 0
    if (first === 32 || first === 9) {
      this.#fold(text.slice(start, end))
      return false
    }
    this.end()
    if (start === end) return true
    this.#first = false
    const colon = text.indexOf(':', start)
    // Go looks for the colon in the first physical line, before it looks for continuations.
    if (colon < 0 || colon >= end) {
      throw new HeadError(`malformed MIME header: missing colon: ${goQuote(text.slice(start, end))}`)
    }
    let stop = end
    while (text.charCodeAt(stop - 1) === 32 || text.charCodeAt(stop - 1) === 9) stop--
    this.#pending = text
    this.#pendingStart = start
    this.#pendingEnd = stop
    this.#pendingColon = colon
    this.#pendingOdd = odd
    return false
  }

  /** The peer closed: Go still judges the last line before it misses the rest. */
  end(): void {
    const text = this.#pending
    if (text === undefined) return
    this.#pending = undefined
    this.#field(text, this.#pendingStart, this.#pendingColon, this.#pendingEnd, this.#pendingOdd)
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

  #fold(line: string): void {
    if (this.#first) {
      throw new HeadError(
        line.length > 80 ? 'message too large' : `malformed MIME header initial line: ${goQuote(line)}`,
      )
    }
    const whole = `${(this.#pending ?? '').slice(this.#pendingStart, this.#pendingEnd)} ${trim(line)}`
    this.#pending = whole
    this.#pendingColon -= this.#pendingStart
    this.#pendingStart = 0
    this.#pendingEnd = whole.length
    this.#pendingOdd = true
  }

  #field(text: string, start: number, colon: number, end: number, odd: boolean): void {
    for (let i = start; i < colon; i++) {
      if (fieldNameBytes[text.charCodeAt(i)] !== 1) throw malformedLine(text.slice(start, end))
    }
    if (start === colon) throw malformedLine(text.slice(start, end))
    const name = text.slice(start, colon)
    let from = colon + 1
    while (text.charCodeAt(from) === 32 || text.charCodeAt(from) === 9) from++
    // A fold of blanks alone leaves one at the end, as in Go.
    const value = from < end ? text.slice(from, end) : ''
    if (odd && hasBadValueByte(value)) {
      // Go has put the name in its canonical form by now, in the very bytes that it quotes.
      const shown = name.includes(' ') ? name : canonical(name.toLowerCase())
      throw malformedLine(shown + text.slice(colon, end))
    }
    this.#headers.push(name, odd ? decode(value) : value)
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

function malformedLine(line: string): HeadError {
  return new HeadError(`malformed MIME header line: ${goQuote(line)}`)
}

function hasBadValueByte(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
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
  return latin1
}

function goQuoteList(values: readonly string[]): string {
  return `[${values.map((value) => goQuote(value)).join(' ')}]`
}
