/**
 * What Go's encoding/json says of a text that is no JSON, and where, in the form of k6's `res.json()`. Runs only after
 * `JSON.parse` has refused the text, so it may be slow.
 * Source: messages observed on k6; the grammar is RFC 8259.
 */

/** k6's message; undefined when Go would accept the text. */
export function goJsonError(text: string): string | undefined {
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  const scan = new Scanner(bytes)
  const problem = scan.run()
  if (problem === undefined) return undefined
  const { line, character } = position(text, scan.at)
  return `cannot parse json due to an error at line ${line}, character ${character} , error: ${problem}`
}

/** Numbers beyond a float64 are read by JSON.parse as Infinity; Go refuses them. */
export function hugeNumber(text: string): string | undefined {
  for (const [literal] of text.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (!Number.isFinite(Number(literal)))
      return `json: cannot unmarshal number ${literal} into Go value of type float64`
  }
  return undefined
}

function position(text: string, bytesRead: number): { line: number; character: number } {
  const offset = Math.max(0, bytesRead - 1)
  let line = 1
  let character = 0
  let at = 0
  for (const ch of text) {
    if (ch === '\n') {
      line++
      character = 0
    } else character++
    if (at >= offset) {
      if (ch === '\n') character = 1
      break
    }
    at += Buffer.byteLength(ch)
  }
  return { line, character }
}

class Scanner {
  /** Bytes read so far, the offending one included. */
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  run(): string | undefined {
    try {
      this.#value('looking for beginning of value')
      const rest = this.#skipSpace()
      if (rest !== undefined) throw this.#invalid(rest, 'after top-level value')
      return undefined
    } catch (error) {
      if (error instanceof Problem) return error.message
      // Nested deeper than the stack reaches; Go gives up at 10,000 levels.
      if (error instanceof RangeError) return 'exceeded max depth'
      throw error
    }
  }

  /** The next byte that is no space, consumed; undefined at the end. */
  #skipSpace(): string | undefined {
    for (;;) {
      const ch = this.#next()
      if (ch === undefined || !/[ \t\r\n]/.test(ch)) return ch
    }
  }

  #next(): string | undefined {
    const ch = this.#text[this.at]
    if (ch !== undefined) this.at++
    return ch
  }

  #value(context: string, first = this.#skipSpace()): void {
    switch (first) {
      case undefined:
        throw new Problem('unexpected end of JSON input')
      case '{':
        this.#object()
        break
      case '[':
        this.#array()
        break
      case '"':
        this.#string()
        break
      case 't':
        this.#literal('true')
        break
      case 'f':
        this.#literal('false')
        break
      case 'n':
        this.#literal('null')
        break
      default:
        if (!/[-0-9]/.test(first)) throw this.#invalid(first, context)
        this.#number(first)
    }
  }

  #object(): void {
    let ch = this.#skipSpace()
    if (ch === '}') return
    for (;;) {
      if (ch === undefined) throw new Problem('unexpected end of JSON input')
      if (ch !== '"') throw this.#invalid(ch, 'looking for beginning of object key string')
      this.#string()
      ch = this.#skipSpace()
      if (ch === undefined) throw new Problem('unexpected end of JSON input')
      if (ch !== ':') throw this.#invalid(ch, 'after object key')
      this.#value('looking for beginning of value')
      ch = this.#skipSpace()
      if (ch === '}') return
      if (ch === undefined) throw new Problem('unexpected end of JSON input')
      if (ch !== ',') throw this.#invalid(ch, 'after object key:value pair')
      ch = this.#skipSpace()
    }
  }

  #array(): void {
    let ch = this.#skipSpace()
    if (ch === ']') return
    for (;;) {
      this.#value('looking for beginning of value', ch)
      ch = this.#skipSpace()
      if (ch === ']') return
      if (ch === undefined) throw new Problem('unexpected end of JSON input')
      if (ch !== ',') throw this.#invalid(ch, 'after array element')
      ch = this.#skipSpace()
    }
  }

  #string(): void {
    for (;;) {
      const ch = this.#next()
      if (ch === undefined) throw new Problem('unexpected end of JSON input')
      if (ch === '"') return
      if (ch < ' ') throw this.#invalid(ch, 'in string literal')
      if (ch !== '\\') continue
      const escape = this.#next()
      if (escape === undefined) throw this.#end('in string escape code')
      if (escape === 'u') {
        for (let i = 0; i < 4; i++) {
          const hex = this.#next()
          if (hex === undefined) throw this.#end('in \\u hexadecimal character escape')
          if (!/[0-9A-Fa-f]/.test(hex)) throw this.#invalid(hex, 'in \\u hexadecimal character escape')
        }
      } else if (!/["\\/bfnrt]/.test(escape)) throw this.#invalid(escape, 'in string escape code')
    }
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      const ch = this.#next()
      const context = `in literal ${word} (expecting '${expected}')`
      if (ch === undefined) throw this.#end(context)
      if (ch !== expected) throw this.#invalid(ch, context)
    }
  }

  #number(first: string): void {
    let digit = first
    if (digit === '-') digit = this.#digit('in numeric literal')
    if (digit !== '0') this.#digits()
    if (this.#text[this.at] === '.') {
      this.at++
      this.#digit('after decimal point in numeric literal')
      this.#digits()
    }
    if (/[eE]/.test(this.#text[this.at] ?? '')) {
      this.at++
      if (/[+-]/.test(this.#text[this.at] ?? '')) this.at++
      this.#digit('in exponent of numeric literal')
      this.#digits()
    }
  }

  #digit(context: string): string {
    const ch = this.#next()
    if (ch === undefined) throw this.#end(context)
    if (!/\d/.test(ch)) throw this.#invalid(ch, context)
    return ch
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.at] ?? '')) this.at++
  }

  // At the end of the input Go feeds its scanner one space, and complains of that.
  #end(context: string): Problem {
    return this.#invalid(' ', context)
  }

  #invalid(ch: string, context: string): Problem {
    return new Problem(`invalid character ${quoteByte(ch)} ${context}`)
  }
}

class Problem extends Error {}

function quoteByte(ch: string): string {
  if (ch === "'") return "'\\''"
  if (ch === '"') return `'"'`
  const named: Record<string, string> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
  }
  const code = ch.charCodeAt(0)
  if (named[ch] !== undefined) return `'${named[ch]}'`
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`
  if (code >= 0x80 && code < 0xa0) return `'\\u${code.toString(16).padStart(4, '0')}'`
  return `'${ch}'`
}
