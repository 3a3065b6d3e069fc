/**
 * CSV as Go's encoding/csv reads it (k6's parser): RFC 4180, empty lines skipped, every record as wide as the first,
 * quotes strict. Error texts and positions are that package's.
 */

/** What is wrong with a record. Lines count from 1, columns in bytes from 1. */
export class CsvError extends Error {
  readonly startLine: number
  readonly line: number
  readonly column: number

  constructor(problem: string, startLine: number, line: number, column: number) {
    super(
      problem === wrongWidth
        ? `record on line ${line}: ${problem}`
        : startLine === line
          ? `parse error on line ${line}, column ${column}: ${problem}`
          : `record on line ${startLine}; parse error on line ${line}, column ${column}: ${problem}`,
    )
    this.startLine = startLine
    this.line = line
    this.column = column
  }
}

const wrongWidth = 'wrong number of fields'

export class CsvRecords {
  readonly #text: string
  readonly #delimiter: string
  #at = 0
  #line = 0
  #width = 0

  /** @param delimiter  one character; checked when the first record is read, as in Go */
  constructor(text: string, delimiter: string) {
    this.#text = text
    this.#delimiter = delimiter
  }

  /**
   * @returns the next record; undefined at the end
   * @throws  CsvError for a record that is none; the one after it can still be read
   */
  next(): string[] | undefined {
    if (!validDelimiter(this.#delimiter)) throw new Error('csv: invalid field or comment delimiter')
    let line = this.#readLine()
    while (line === '\n') line = this.#readLine()
    if (line === undefined) return undefined
    const startLine = this.#line
    const record = line.includes('"') ? this.#quoted(line, startLine) : withoutEnd(line).split(this.#delimiter)
    if (this.#width === 0) this.#width = record.length
    else if (record.length !== this.#width) throw new CsvError(wrongWidth, startLine, startLine, 1)
    return record
  }

  /** The next line with its '\n' (for '\r\n', too); undefined at the end. */
  #readLine(): string | undefined {
    const text = this.#text
    if (this.#at >= text.length) return undefined
    this.#line++
    const start = this.#at
    const end = text.indexOf('\n', start)
    if (end < 0) {
      this.#at = text.length
      return text.endsWith('\r') ? text.slice(start, -1) : text.slice(start)
    }
    this.#at = end + 1
    return text.charCodeAt(end - 1) === 13 && end > start
      ? `${text.slice(start, end - 1)}\n`
      : text.slice(start, end + 1)
  }

  #quoted(firstLine: string, startLine: number): string[] {
    const delimiter = this.#delimiter
    const record: string[] = []
    let line = firstLine
    let i = 0
    for (;;) {
      if (line[i] !== '"') {
        const end = line.indexOf(delimiter, i)
        const field = end < 0 ? withoutEnd(line.slice(i)) : line.slice(i, end)
        const quote = field.indexOf('"')
        if (quote >= 0) throw this.#error('bare " in non-quoted-field', startLine, line, i + quote)
        record.push(field)
        if (end < 0) return record
        i = end + 1
        continue
      }
      i++
      let field = ''
      for (;;) {
        const quote = line.indexOf('"', i)
        if (quote < 0) {
          field += line.slice(i)
          const following = this.#readLine()
          if (following === undefined) throw this.#error(openQuote, startLine, line, line.length)
          line = following
          i = 0
          continue
        }
        field += line.slice(i, quote)
        i = quote + 1
        if (line[i] === '"') {
          field += '"'
          i++
          continue
        }
        record.push(field)
        if (line[i] === delimiter) break
        if (i === line.length || line[i] === '\n') return record
        throw this.#error(openQuote, startLine, line, quote)
      }
      i++
    }
  }

  #error(problem: string, startLine: number, line: string, index: number): CsvError {
    return new CsvError(problem, startLine, this.#line, Buffer.byteLength(line.slice(0, index)) + 1)
  }
}

const openQuote = 'extraneous or missing " in quoted-field'

function withoutEnd(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line
}

function validDelimiter(delimiter: string): boolean {
  return (
    delimiter !== '' &&
    delimiter !== '"' &&
    delimiter !== '\r' &&
    delimiter !== '\n' &&
    delimiter !== '\0' &&
    delimiter !== '\ufffd'
  )
}
