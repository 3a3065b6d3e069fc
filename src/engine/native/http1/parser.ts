/**
 * Incremental parser of HTTP/1 responses: bytes in, in pieces of any size, one response out. It accepts and refuses what
 * Go's net/http does, in the same words, because k6's users compare error texts. No byte is looked at twice except
 * those of a line that was cut in two, and everything a peer can make grow has a bound.
 */
import { type Head, HeadError, HeadReader } from './head.js'
import { sharedRead, sharedWords } from './socket-reader.js'

/**
 * Bytes of all header blocks of one response, 1xx ones included. Go's net/http takes 10 MB; Chrome 256 KiB, as here, so
 * that thousands of connections to a hostile server do not fill the memory.
 */
export const maxHeadBytes = 262_144
/** Body bytes kept for one response; a discarded body has no limit. k6 has none and dies of memory. */
export const maxBodyBytes = 268_435_456
/** Body bytes that all unfinished responses of a worker may hold together. */
export const maxBufferedBytes = 1_073_741_824

/** Above this a copy into a Buffer is cheaper than a string, and stays out of V8's heap. */
const maxLatin1Body = 4096

/** Go's bufio buffer: a chunk-size line or a trailer longer than this is refused. */
const maxLine = 4096

const longTrailer = 'http: suspiciously long trailer after chunked body'

const inHead = 0
const inFixedBody = 1
const inChunkSize = 2
const inChunkData = 3
const inChunkEnd = 4
const inTrailer = 5
const inOpenBody = 6
const finished = 7
const failed = 8

/** `toString('latin1')` without reading its arguments; in Node since version 0.5, absent from its types. */
interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** Unfinished body bytes of every parser that shares it. */
export interface BodyBudget {
  usedBytes: number
}

/** A place to note the last header block seen, see `Target.memo`. */
export interface HeadMemo {
  memo?: unknown
}

/** The last header block of a target, and once it has come again also its bytes and the short body that followed. */
interface Remembered {
  readonly text: string
  readonly head: Head
  words: Int32Array | undefined
  /** Header block and body as one. */
  whole: Int32Array | undefined
  wholeBytes: number
  body: string
  /** Bodies that were not the one before. */
  misses: number
}

/** A longer answer is not remembered whole. */
const maxWholeBytes = 2048
/** A target whose body keeps changing is not compared any more. */
const maxMisses = 16

/** Are bytes `4 * from .. bytes` of the shared buffer these? */
function sameWords(words: Int32Array, from: number, bytes: number): boolean {
  const full = bytes >> 2
  for (let i = from; i < full; i++) if (words[i] !== sharedWords[i]) return false
  const rest = bytes & 3
  // Of the last word only the bytes that belong to it, whatever the order in which this machine keeps them.
  return rest === 0 || (((words[full] as number) ^ (sharedWords[full] as number)) & (partMasks[rest] as number)) === 0
}

/** The first 1, 2, 3 bytes of a word in memory. */
const partMasks = new Int32Array(new Uint8Array([0, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255, 0]).buffer)

export class ResponseParser {
  /** Of the finished (or, in a body, current) response. */
  head: Head | undefined
  /** Undefined when there is none, or it is not kept, or it stands in `bodyLatin1`. */
  body: Buffer | undefined
  /** A short body that came in one piece, one byte a character: a string costs a third of a Buffer. */
  bodyLatin1: string | undefined
  /** In Go's words; '' = none. */
  error = ''
  /** The error came after a good header block. */
  errorInBody = false
  /** Bytes after the response were swallowed: the connection cannot be used again. */
  unclean = false
  /** Gets the body as it comes, pieces of the fed buffer that it may not keep; for a parser started with `discard`. */
  sink: ((buf: Buffer, start: number, end: number) => void) | undefined = undefined
  #state = inHead
  #noBody = false
  #discard = false
  #sawBytes = false
  #headBytes = 0
  /** Bytes left of a fixed body or of a chunk. */
  #left = 0
  /** Chunk overhead beyond what Go allows for, so that a sender cannot waste without end. */
  #excess = 0
  /** The beginning of a line that was cut. */
  #line = ''
  #reader: HeadReader | undefined
  #parts: Buffer[] | undefined
  #partBytes = 0
  #fixed: Buffer | undefined
  #fixedFill = 0
  #memo: HeadMemo | undefined
  readonly #budget: BodyBudget
  readonly #shortAsText: boolean

  /** @param shortAsText  gives a short body as `bodyLatin1` */
  constructor(budget: BodyBudget, shortAsText = false) {
    this.#budget = budget
    this.#shortAsText = shortAsText
  }

  /** Before each request. `memo` may be undefined. */
  start(isHead: boolean, discard: boolean, memo: HeadMemo | undefined): void {
    this.head = undefined
    this.body = undefined
    this.bodyLatin1 = undefined
    this.error = ''
    this.errorInBody = false
    this.unclean = false
    this.#state = inHead
    this.#noBody = isHead
    this.#discard = discard
    this.#sawBytes = false
    this.#headBytes = 0
    this.#line = ''
    this.#reader = undefined
    // To a HEAD the same block may mean something else.
    this.#memo = isHead ? undefined : memo
  }

  /** A byte of the response has come. */
  get sawBytes(): boolean {
    return this.#sawBytes
  }

  /** The last bytes are the beginning of a header line. */
  get insideHeadLine(): boolean {
    return this.#state === inHead && this.#line !== ''
  }

  get done(): boolean {
    return this.#state === finished
  }

  /**
   * Takes bytes `start..end` of `buf`, which it does not keep.
   * @returns  the first byte not taken: `end`, or less when the response is finished or failed before it
   */
  feed(bytes: Buffer, start: number, end: number): number {
    const buf = bytes as Latin1Buffer
    let at = start
    if (this.#state === inHead) {
      this.#sawBytes = true
      at =
        this.#line === '' && this.#reader === undefined
          ? this.#wholeHead(buf, start, end)
          : this.#headLines(buf, start, end)
    }
    while (at < end && this.#state < finished) {
      switch (this.#state) {
        case inFixedBody:
          at = this.#fixedBody(buf, at, end)
          break
        case inChunkData:
          at = this.#chunkData(buf, at, end)
          break
        case inOpenBody:
          this.#keep(buf, at, end)
          at = end
          break
        case inHead:
          at = this.#headLines(buf, at, end)
          break
        default:
          at = this.#chunkLine(buf, at, end)
      }
    }
    return at
  }

  /** The peer closed. Afterwards either `done` or `error` is set. */
  eof(): void {
    switch (this.#state) {
      case inOpenBody:
        this.#finish()
        break
      case inHead:
        // Go judges a last line without its LF before it misses the rest.
        if (this.#line !== '' && this.#headLine(this.#line, 0, this.#line.length, true)) return
        try {
          this.#reader?.end()
        } catch (error) {
          if (!(error instanceof HeadError)) throw error
          return this.#fail(error.message, false)
        }
        this.#fail(this.#sawBytes ? 'unexpected EOF' : 'EOF', false)
        break
      case inTrailer:
        this.#fail(this.#line.length < 2 ? 'http: unexpected EOF reading trailer' : longTrailer, true)
        break
      case finished:
      case failed:
        break
      default:
        this.#fail('unexpected EOF', true)
    }
  }

  /** Gives back what an unfinished response holds. */
  drop(): void {
    this.#release()
    this.#state = failed
  }

  /** The block is very often byte for byte the last one of this target, and then nothing is parsed at all. */
  #wholeHead(buf: Latin1Buffer, start: number, end: number): number {
    const memo = this.#memo
    if (memo !== undefined) {
      const remembered = memo.memo as Remembered | undefined
      if (remembered !== undefined) {
        const length = remembered.text.length
        const inWords = buf === sharedRead.buffer && start === 0
        if (inWords && remembered.words !== undefined) {
          if (end >= length && sameWords(remembered.words, 0, length)) return this.#knownHead(remembered, buf, end)
        } else if (end - start >= length && buf.latin1Slice(start, start + length) === remembered.text) {
          if (inWords) remembered.words = sharedWords.slice(0, (length + 3) >> 2)
          this.#begin(remembered.head)
          return start + length
        }
      }
    }
    const at = this.#headLines(buf, start, end)
    // Only a final block that came alone, in one piece, and is of ordinary size is worth remembering.
    const head: Head | undefined = this.head
    if (this.#memo !== undefined && head !== undefined && this.#headBytes <= 4096) {
      const text = buf.latin1Slice(start, start + this.#headBytes)
      const fresh: Remembered = { text, head, words: undefined, whole: undefined, wholeBytes: 0, body: '', misses: 0 }
      this.#memo.memo = fresh
    }
    return at
  }

  /** The head is known and has come at the start of the shared buffer; a short body is often the last one, too. */
  #knownHead(remembered: Remembered, buf: Latin1Buffer, end: number): number {
    const headBytes = remembered.text.length
    const { whole, wholeBytes } = remembered
    const mayRepeat = this.#shortAsText && !this.#discard && remembered.misses < maxMisses
    if (mayRepeat && whole !== undefined && end >= wholeBytes && sameWords(whole, headBytes >> 2, wholeBytes)) {
      this.head = remembered.head
      this.bodyLatin1 = remembered.body
      this.#state = finished
      return wholeBytes
    }
    this.#begin(remembered.head)
    if (!mayRepeat || this.#state !== inFixedBody) return headBytes
    const at = this.#fixedBody(buf, headBytes, end)
    if (this.bodyLatin1 !== undefined && at <= maxWholeBytes) {
      if (whole !== undefined) remembered.misses++
      remembered.whole = sharedWords.slice(0, (at + 3) >> 2)
      remembered.wholeBytes = at
      remembered.body = this.bodyLatin1
    }
    return at
  }

  #headLines(buf: Latin1Buffer, start: number, end: number): number {
    // A piece at a time: what follows a short block may be megabytes of body.
    let from = start
    while (from < end) {
      const pieceEnd = Math.min(end, from + 4096)
      const text = buf.latin1Slice(from, pieceEnd)
      let odd = isOdd(text)
      let pos = 0
      for (;;) {
        const lf = text.indexOf('\n', pos)
        if (lf < 0) break
        const start = pos
        pos = lf + 1
        this.#headBytes += pos - start
        if (this.#headBytes > maxHeadBytes) return this.#tooLong(from + pos)
        let over: boolean
        if (this.#line === '') {
          over = this.#headLine(text, start, lf > start && text.charCodeAt(lf - 1) === 13 ? lf - 1 : lf, odd)
        } else {
          // The CR may have been the last byte of the piece before.
          const whole = this.#line + text.slice(start, lf)
          this.#line = ''
          over = this.#headLine(
            whole,
            0,
            whole.charCodeAt(whole.length - 1) === 13 ? whole.length - 1 : whole.length,
            true,
          )
        }
        if (over) return from + pos
        // Only the first block of the text was looked at.
        if (this.#reader === undefined) odd = true
      }
      this.#headBytes += text.length - pos
      if (this.#headBytes > maxHeadBytes) return this.#tooLong(from + pos)
      this.#line = this.#line === '' ? text.slice(pos) : this.#line + text.slice(pos)
      from = pieceEnd
    }
    return end
  }

  #tooLong(at: number): number {
    this.#fail(`net/http: server response headers exceeded ${maxHeadBytes} bytes; aborted`, false)
    return at
  }

  /** True when the head is finished (or refused) and what follows is not head. */
  #headLine(text: string, start: number, end: number, odd: boolean): boolean {
    try {
      this.#reader ??= new HeadReader()
      if (!this.#reader.line(text, start, end, odd)) return false
      const head = this.#reader.head(this.#noBody)
      this.#reader = undefined
      // Informational answers precede the real one; 101 is final.
      if (head.status >= 100 && head.status <= 199 && head.status !== 101) {
        this.#memo = undefined
        return false
      }
      this.#begin(head)
      return true
    } catch (error) {
      if (!(error instanceof HeadError)) throw error
      this.#fail(error.message, false)
      return true
    }
  }

  #begin(head: Head): void {
    this.head = head
    const status = head.status
    if (this.#noBody || status === 204 || status === 304 || status === 101) this.#state = finished
    else if (head.chunked) {
      this.#excess = 0
      this.#state = inChunkSize
    } else if (head.contentLength >= 0) {
      if (head.contentLength === 0) this.#state = finished
      else {
        this.#left = head.contentLength
        this.#state = inFixedBody
        if (!this.#discard && head.contentLength > maxBodyBytes) this.#tooBig()
      }
    } else this.#state = inOpenBody
  }

  #fixedBody(buf: Latin1Buffer, at: number, end: number): number {
    const left = this.#left
    const have = end - at
    if (this.#discard) {
      this.sink?.(buf, at, at + Math.min(have, left))
      if (have >= left) {
        this.#state = finished
        return at + left
      }
      this.#left = left - have
      return end
    }
    if (this.#fixed === undefined && this.#parts === undefined) {
      if (have >= left) {
        this.#state = finished
        if (this.#shortAsText && left <= maxLatin1Body) {
          this.bodyLatin1 = buf.latin1Slice(at, at + left)
          return at + left
        }
        // All of it in one piece: the usual case, copied out of the shared read buffer once.
        const body = Buffer.allocUnsafe(left)
        buf.copy(body, 0, at, at + left)
        this.body = body
        return at + left
      }
      // A length is only a claim, so no more is allocated up front than a megabyte.
      if (left > 1_048_576) {
        this.#left = left - have
        this.#keep(buf, at, end)
        return end
      }
      if (!this.#reserve(left)) return at
      this.#fixed = Buffer.allocUnsafeSlow(left)
      this.#fixedFill = 0
    }
    const take = Math.min(have, left)
    if (this.#fixed !== undefined) {
      buf.copy(this.#fixed, this.#fixedFill, at, at + take)
      this.#fixedFill += take
    } else this.#keep(buf, at, at + take)
    this.#left = left - take
    if (this.#left === 0 && (this.#state as number) !== failed) this.#finish()
    return at + take
  }

  #chunkData(buf: Buffer, at: number, end: number): number {
    const take = Math.min(end - at, this.#left)
    this.#keep(buf, at, at + take)
    this.#left -= take
    if (this.#left === 0 && (this.#state as number) !== failed) this.#state = inChunkEnd
    return at + take
  }

  /** Chunk-size lines, the CRLF after a chunk, the trailer: all short, so built as text. */
  #chunkLine(buf: Latin1Buffer, at: number, end: number): number {
    if (this.#state === inChunkEnd) {
      // Go reads both bytes before it judges them.
      this.#line += String.fromCharCode(buf[at] as number)
      if (this.#line.length === 1) return at + 1
      if (this.#line !== '\r\n') this.#fail('malformed chunked encoding', true)
      else this.#state = inChunkSize
      this.#line = ''
      return at + 1
    }
    const lf = buf.indexOf(10, at)
    const stop = lf < 0 || lf >= end ? end : lf + 1
    this.#line += buf.latin1Slice(at, Math.min(stop, at + maxLine + 2))
    if (this.#state === inTrailer) {
      if (this.#line.endsWith('\r\n\r\n') || this.#line === '\r\n') this.#trailer()
      else if (this.#line.length >= maxLine) this.#fail(longTrailer, true)
      return stop
    }
    if (this.#line.length > maxLine) this.#fail('header line too long', true)
    else if (lf >= 0 && lf < end) this.#chunkSize()
    return stop
  }

  #chunkSize(): void {
    const line = this.#line
    this.#line = ''
    const cr = line.indexOf('\r')
    if (cr < 0) return this.#fail('chunked line ends with bare LF', true)
    if (cr !== line.length - 2) return this.#fail('invalid CR in chunked line', true)
    let size = line.slice(0, cr).replace(/[ \t]+$/, '')
    const semicolon = size.indexOf(';')
    if (semicolon >= 0) size = size.slice(0, semicolon)
    if (size === '') return this.#fail('empty hex number for chunk length', true)
    const bad = size.search(/[^0-9a-fA-F]/)
    if (bad >= 0 && bad <= 16) return this.#fail('invalid byte in chunk length', true)
    if (size.length > 16) return this.#fail('http chunk length too large', true)
    // Beyond 2^53 the number is inexact, and the body would never end either way.
    const bytes = Number.parseInt(size, 16)
    this.#excess = Math.max(0, this.#excess + cr + 2 - (16 + 2 * bytes))
    if (this.#excess > 16_384) return this.#fail('chunked encoding contains too much non-data', true)
    if (bytes === 0) {
      this.#state = inTrailer
      return
    }
    this.#left = bytes
    this.#state = inChunkData
  }

  /** k6 shows no trailers, so they are only checked. */
  #trailer(): void {
    const lines = this.#line.split('\n')
    this.#line = ''
    if (lines.length > 2) {
      try {
        const reader = new HeadReader()
        const take = (line: string): boolean => reader.line(line, 0, line.length, true)
        take('HTTP/1.1 200 OK')
        let used = 0
        while (!take((lines[used] as string).replace(/\r$/, ''))) used++
        // A bare LF may end the trailer before the CRLF CRLF that was waited for: what is left is no part of it.
        this.unclean = used < lines.length - 2
      } catch (error) {
        if (!(error instanceof HeadError)) throw error
        return this.#fail(error.message, true)
      }
    }
    this.#finish()
  }

  #keep(buf: Buffer, at: number, end: number): void {
    if (end === at) return
    if (this.#discard) {
      this.sink?.(buf, at, end)
      return
    }
    if (this.#partBytes + end - at > maxBodyBytes) return this.#tooBig()
    if (!this.#reserve(end - at)) return
    // Small pieces share one growing buffer, or one-byte chunks would cost a hundred times their size.
    this.#parts ??= []
    this.#partBytes += end - at
    const last = this.#parts[this.#parts.length - 1]
    if (last !== undefined && this.#fixedFill + end - at <= last.length) {
      buf.copy(last, this.#fixedFill, at, end)
      this.#fixedFill += end - at
      return
    }
    if (last !== undefined) this.#parts[this.#parts.length - 1] = last.subarray(0, this.#fixedFill)
    const part = Buffer.allocUnsafeSlow(Math.max(end - at, this.#parts.length === 0 ? 1024 : 65_536))
    buf.copy(part, 0, at, end)
    this.#fixedFill = end - at
    this.#parts.push(part)
  }

  #reserve(bytes: number): boolean {
    if (this.#budget.usedBytes + bytes > maxBufferedBytes) {
      this.#fail(`unfinished response bodies exceeded ${maxBufferedBytes} bytes; aborted`, true)
      return false
    }
    this.#budget.usedBytes += bytes
    this.#reserved += bytes
    return true
  }
  #reserved = 0

  #tooBig(): void {
    this.#fail(`response body exceeded ${maxBodyBytes} bytes; aborted`, true)
  }

  #finish(): void {
    if (this.#fixed !== undefined) this.body = this.#fixed
    else if (this.#parts !== undefined) {
      const last = this.#parts.length - 1
      this.#parts[last] = (this.#parts[last] as Buffer).subarray(0, this.#fixedFill)
      this.body = last === 0 ? this.#parts[0] : Buffer.concat(this.#parts, this.#partBytes)
    }
    this.#release()
    this.#state = finished
  }

  /** What came of a body before it broke off, as k6 shows it. Empty, not undefined, when nothing did. */
  partialBody(): Buffer | undefined {
    if (this.head === undefined || this.#discard) return undefined
    if (this.#state === failed) return this.body
    if (this.#fixed !== undefined) return this.#fixed.subarray(0, this.#fixedFill)
    if (this.#parts === undefined) return Buffer.alloc(0)
    const last = this.#parts.length - 1
    return Buffer.concat([...this.#parts.slice(0, last), (this.#parts[last] as Buffer).subarray(0, this.#fixedFill)])
  }

  #fail(error: string, inBody: boolean): void {
    if (inBody) this.body = this.partialBody()
    this.error = error
    this.errorInBody = inBody
    this.#release()
    this.#state = failed
  }

  #release(): void {
    if (this.#reserved > 0) this.#budget.usedBytes -= this.#reserved
    this.#reserved = 0
    this.#fixed = undefined
    this.#fixedFill = 0
    this.#parts = undefined
    this.#partBytes = 0
    this.#line = ''
    this.#reader = undefined
  }
}

/** What a header block seldom holds: control or non-ASCII characters, a CR that ends no line. Looks at the block only. */
function isOdd(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  return oddBytes.test(end < 0 ? text : text.slice(0, end))
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const oddBytes = /[^\n\r\t\x20-\x7e]|\r(?!\n)/
