/** Cuts a server's stream into replies of RESP2 and RESP3 without keeping them: sizes, elements, the error's words. */

const MAX_LINE_BYTES = 65_536
const MAX_DEPTH = 64

export interface Reply {
  readonly bytes: number
  /** Of an aggregate its elements (a map counts keys and values), else 1; of a null 0. */
  readonly elements: number
  readonly error: string | undefined
  readonly isPush: boolean
}

export interface ReplySink {
  bytes(slice: Buffer): void
  reply(reply: Reply): void
}

export class ReplyCutter {
  readonly #sink: ReplySink
  #line: Buffer = Buffer.alloc(0)
  #bulkLeft = 0
  /** Elements that are to come, by depth; a part that is no reply of its own (an attribute) is marked. */
  readonly #open: { left: number; isAttribute: boolean }[] = []
  #bytes = 0
  #elements = 0
  #error: string | undefined
  #isPush = false

  constructor(sink: ReplySink) {
    this.#sink = sink
  }

  /** @throws Error on what is no reply */
  take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#bulkLeft > 0) {
        const slice = chunk.subarray(at, at + this.#bulkLeft)
        this.#count(slice)
        at += slice.length
        this.#bulkLeft -= slice.length
        if (this.#bulkLeft === 0) this.#valueEnds()
        continue
      }
      const end = chunk.indexOf(10, at)
      const slice = chunk.subarray(at, end < 0 ? chunk.length : end + 1)
      this.#count(slice)
      this.#line = this.#line.length === 0 ? slice : Buffer.concat([this.#line, slice])
      if (this.#line.length > MAX_LINE_BYTES) throw new Error('a line without an end')
      if (end < 0) {
        this.#line = Buffer.from(this.#line)
        return
      }
      at = end + 1
      const line = this.#line.toString('utf8').replace(/\r?\n$/, '')
      this.#line = Buffer.alloc(0)
      this.#lineEnds(line)
    }
  }

  #count(slice: Buffer): void {
    this.#bytes += slice.length
    this.#sink.bytes(slice)
  }

  #lineEnds(line: string): void {
    const kind = line[0]
    const isOutermost = this.#open.length === 0
    switch (kind) {
      case '+':
      case ':':
      case '_':
      case '#':
      case ',':
      case '(':
        if (isOutermost) this.#elements = kind === '_' ? 0 : 1
        return this.#valueEnds()
      case '-':
        if (isOutermost) this.#error = line.slice(1, 300)
        return this.#valueEnds()
      case '$':
      case '=':
      case '!': {
        const bytes = lengthOf(line)
        if (isOutermost) this.#elements = bytes < 0 ? 0 : 1
        if (bytes < 0) return this.#valueEnds()
        this.#bulkLeft = bytes + 2
        return
      }
      case '*':
      case '~':
      case '>':
      case '%':
      case '|': {
        const count = lengthOf(line) * (kind === '%' || kind === '|' ? 2 : 1)
        if (isOutermost && kind !== '|') this.#elements = Math.max(0, count)
        if (isOutermost && kind === '>') this.#isPush = true
        if (count <= 0) return kind === '|' ? undefined : this.#valueEnds()
        if (this.#open.length >= MAX_DEPTH) throw new Error('replies nested deeper than 64')
        this.#open.push({ left: count, isAttribute: kind === '|' })
        return
      }
      default:
        throw new Error('no reply of Redis')
    }
  }

  #valueEnds(): void {
    for (;;) {
      const inner = this.#open.at(-1)
      if (inner === undefined) break
      if (--inner.left > 0) return
      this.#open.pop()
      // What an attribute describes is still to come.
      if (inner.isAttribute) return
    }
    const reply = { bytes: this.#bytes, elements: this.#elements, error: this.#error, isPush: this.#isPush }
    this.#bytes = this.#elements = 0
    this.#error = undefined
    this.#isPush = false
    this.#sink.reply(reply)
  }
}

function lengthOf(line: string): number {
  const value = Number(line.slice(1))
  if (!Number.isInteger(value) || value < -1) throw new Error('no length')
  return value
}
