/** Cuts a client's stream into commands: arrays of bulk strings, or one line of words. Long arguments are cut off. */

const MAX_LINE_BYTES = 65_536
const MAX_ARGS = 1_048_576
const KEPT_ARGS = 128
const KEPT_ARG_BYTES = 512

export class CommandCutter {
  readonly #tell: (words: readonly string[]) => void
  #line: Buffer = Buffer.alloc(0)
  /** Arguments that are to come; undefined between commands. */
  #args: number | undefined
  #words: string[] = []
  #bulkLeft: number | undefined
  #bulk: Buffer[] = []
  #bulkKept = 0

  constructor(tell: (words: readonly string[]) => void) {
    this.#tell = tell
  }

  /** @throws Error on what is no command */
  take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#bulkLeft !== undefined) {
        const slice = chunk.subarray(at, at + this.#bulkLeft)
        const wanted = slice.subarray(0, Math.max(0, this.#bulkKept))
        if (wanted.length > 0) {
          this.#bulk.push(Buffer.from(wanted))
          this.#bulkKept -= wanted.length
        }
        at += slice.length
        this.#bulkLeft -= slice.length
        if (this.#bulkLeft === 0) this.#bulkEnds()
        continue
      }
      const end = chunk.indexOf(10, at)
      const part = chunk.subarray(at, end < 0 ? chunk.length : end)
      this.#line = Buffer.concat([this.#line, part])
      if (this.#line.length > MAX_LINE_BYTES) throw new Error('a line without an end')
      if (end < 0) return
      at = end + 1
      const line = this.#line.toString('utf8').replace(/\r$/, '')
      this.#line = Buffer.alloc(0)
      this.#lineEnds(line)
    }
  }

  #lineEnds(line: string): void {
    if (this.#args === undefined) {
      if (!line.startsWith('*')) {
        const words = line.split(' ').filter((word) => word !== '')
        if (words.length > 0) this.#tell(words.slice(0, KEPT_ARGS))
        return
      }
      const count = Number(line.slice(1))
      if (!Number.isInteger(count) || count > MAX_ARGS) throw new Error('no count of arguments')
      if (count > 0) this.#args = count
      return
    }
    const bytes = Number(line.slice(1))
    if (!line.startsWith('$') || !Number.isInteger(bytes) || bytes < 0) throw new Error('an argument that is no string')
    this.#bulkLeft = bytes + 2
    this.#bulkKept = this.#words.length < KEPT_ARGS ? Math.min(bytes, KEPT_ARG_BYTES) : 0
  }

  #bulkEnds(): void {
    if (this.#words.length < KEPT_ARGS) this.#words.push(Buffer.concat(this.#bulk).toString('utf8'))
    this.#bulk = []
    this.#bulkLeft = undefined
    this.#args = (this.#args ?? 1) - 1
    if (this.#args > 0) return
    const words = this.#words
    this.#words = []
    this.#args = undefined
    this.#tell(words)
  }
}
