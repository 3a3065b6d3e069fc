/**
 * Output of the transform: pieces of the source as they stand, and generated text between them. Every character that
 * came from the source keeps its place, so the source map is exact.
 */

export interface Piece {
  /** Offset in the output. */
  readonly at: number
  /** Offset in the source. */
  readonly from: number
  readonly length: number
}

export class Output {
  readonly #source: string
  readonly #rename: (text: string) => string
  readonly #parts: string[] = []
  /** Source offset of each part; -1 when generated. */
  readonly #from: number[] = []

  /** @param rename  applied to generated text */
  constructor(source: string, rename: ((text: string) => string) | undefined) {
    this.#source = source
    this.#rename = rename ?? ((text) => text)
  }

  /** Number of parts so far: a position to compare with later. */
  get length(): number {
    return this.#parts.length
  }

  text(text: string): void {
    if (text === '') return
    this.#parts.push(this.#rename(text))
    this.#from.push(-1)
  }

  /** Generated text that a frame of a stack trace may point at: it maps to one place of the source. */
  textAt(text: string, from: number): void {
    this.#parts.push(this.#rename(text))
    this.#from.push(-2 - from)
  }

  source(start: number, end: number): void {
    if (end <= start) return
    const last = this.#parts.length - 1
    const from = this.#from[last]
    if (from !== undefined && from >= 0 && from + (this.#parts[last] as string).length === start) {
      this.#parts[last] = this.#source.slice(from, end)
      return
    }
    this.#parts.push(this.#source.slice(start, end))
    this.#from.push(start)
  }

  /** A place that is filled later; empty until then. */
  slot(): number {
    this.#parts.push('')
    this.#from.push(-1)
    return this.#parts.length - 1
  }

  fill(slot: number, text: string): void {
    this.#parts[slot] = this.#rename(text)
  }

  /** First character written since `mark`. */
  firstSince(mark: number): string {
    for (let i = mark; i < this.#parts.length; i++) {
      const part = this.#parts[i] as string
      if (part !== '') return part[0] as string
    }
    return ''
  }

  finish(): { code: string; pieces: Piece[] } {
    const pieces: Piece[] = []
    let at = 0
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i] as string
      const from = this.#from[i] as number
      if (from >= 0) pieces.push({ at, from, length: part.length })
      else if (from < -1) pieces.push({ at, from: -2 - from, length: 0 })
      at += part.length
    }
    return { code: this.#parts.join(''), pieces }
  }
}
