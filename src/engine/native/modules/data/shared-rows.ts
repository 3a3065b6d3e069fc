/**
 * Rows of one SharedArray: the JSON text of each, back to back in memory that worker threads can share. The rows are
 * held once, however many VUs read them.
 */

/** What a worker hands to another one by `postMessage`; the memory itself is shared, not copied. */
export interface SharedRowsData {
  readonly bytes: SharedArrayBuffer
  /** Float64: where each row begins in `bytes`, and the end of the last. */
  readonly offsets: SharedArrayBuffer
  /** One byte a character when every row allows it, because such text is read several times faster. */
  readonly encoding: 'latin1' | 'utf8'
}

export class SharedRows {
  readonly data: SharedRowsData
  readonly count: number
  readonly #text: Buffer
  readonly #offsets: Float64Array

  constructor(data: SharedRowsData) {
    this.data = data
    this.#text = Buffer.from(data.bytes)
    this.#offsets = new Float64Array(data.offsets)
    this.count = this.#offsets.length - 1
  }

  static fromTexts(rows: readonly string[]): SharedRows {
    const encoding = rows.some((row) => beyondLatin1.test(row)) ? 'utf8' : 'latin1'
    const offsets = new SharedArrayBuffer(8 * (rows.length + 1))
    const starts = new Float64Array(offsets)
    let end = 0
    rows.forEach((row, i) => {
      end += encoding === 'latin1' ? row.length : Buffer.byteLength(row)
      starts[i + 1] = end
    })
    const bytes = new SharedArrayBuffer(end)
    const text = Buffer.from(bytes)
    rows.forEach((row, i) => text.write(row, starts[i] as number, encoding))
    return new SharedRows({ bytes, offsets, encoding })
  }

  /** Length of a row in bytes. */
  sizeOf(index: number): number {
    return (this.#offsets[index + 1] as number) - (this.#offsets[index] as number)
  }

  /** @param index  0 to `count - 1` */
  text(index: number): string {
    const start = this.#offsets[index]
    const end = this.#offsets[index + 1]
    return this.#text.toString(this.data.encoding, start, end)
  }
}

const beyondLatin1 = /[\u0100-\uffff]/
