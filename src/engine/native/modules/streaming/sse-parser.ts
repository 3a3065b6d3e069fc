/**
 * Server-Sent Events as the standard reads them (https://html.spec.whatwg.org/multipage/server-sent-events.html,
 * "Interpreting an event stream"): bytes in, in pieces of any size, events out. A line or an event that never ends is a
 * fault, never memory.
 */
import { StringDecoder } from 'node:string_decoder'

export interface SseEvent {
  /** '' when the server named none. */
  readonly id: string
  /** '' when the server named none, which means `message`. */
  readonly name: string
  readonly data: string
  /** The last comment line before it: servers keep connections alive with comments. */
  readonly comment: string
}

/** Characters of one event; LLM servers send some hundred. */
export const maxEventChars = 16_777_216

export class SseParser {
  readonly #emit: (event: SseEvent) => void
  readonly #unknown: ((line: string) => void) | undefined
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #afterCr = false
  #first = true
  #id = ''
  #name = ''
  #comment = ''
  #data = ''
  #hasData = false
  #failed = false

  /** @param unknown  told of lines whose field the standard does not know (it ignores them) */
  constructor(emit: (event: SseEvent) => void, unknown?: (line: string) => void) {
    this.#emit = emit
    this.#unknown = unknown
  }

  /** @returns what is wrong with the stream, '' = nothing */
  feed(buf: Buffer, start: number, end: number): string {
    if (this.#failed) return ''
    let text = this.#decoder.write(buf.subarray(start, end))
    if (text === '') return ''
    if (this.#first) {
      this.#first = false
      if (text.startsWith('\ufeff')) text = text.slice(1)
    }
    // The LF of a CRLF that was cut in two.
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1)
    this.#afterCr = text.endsWith('\r')
    let at = 0
    lineEnd.lastIndex = 0
    for (let found = lineEnd.exec(text); found !== null; found = lineEnd.exec(text)) {
      const line = this.#rest + text.slice(at, found.index)
      this.#rest = ''
      at = lineEnd.lastIndex
      this.#line(line)
    }
    this.#rest += text.slice(at)
    if (this.#rest.length + this.#data.length <= maxEventChars) return ''
    this.#failed = true
    this.#rest = ''
    this.#data = ''
    return `an event of more than ${maxEventChars} characters; the stream was cut off`
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    switch (field) {
      case '':
        this.#comment = value
        break
      case 'data':
        this.#data = this.#hasData ? `${this.#data}\n${value}` : value
        this.#hasData = true
        break
      case 'event':
        this.#name = value
        break
      case 'id':
        if (!value.includes('\0')) this.#id = value
        break
      case 'retry':
        break
      default:
        this.#unknown?.(line)
    }
  }

  #dispatch(): void {
    const event = { id: this.#id, name: this.#name, data: this.#data, comment: this.#comment }
    const isEmpty = !this.#hasData && event.id === '' && event.name === '' && event.comment === ''
    this.#id = ''
    this.#name = ''
    this.#comment = ''
    this.#data = ''
    this.#hasData = false
    if (!isEmpty) this.#emit(event)
  }
}

const lineEnd = /\r\n|\n|\r/g
