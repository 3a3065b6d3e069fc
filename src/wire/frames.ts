/**
 * Cuts a stream into frames of a head with a length and a body. Of a body only the beginning is kept, so that a frame of
 * a gigabyte costs no more memory than one of a kilobyte.
 */
export interface FrameForm {
  readonly headBytes: number
  /** Bytes of the body. @throws when the head makes no sense */
  bodyBytes(head: Buffer): number
  /** How much of the body is wanted. */
  keepBytes(head: Buffer): number
}

export interface FrameSink {
  /** The whole frame has come. `kept` is the beginning of its body. */
  frame(head: Buffer, kept: Buffer, bodyBytes: number): void
  /** Body bytes as they come, also of frames of which nothing is kept. */
  body?(head: Buffer, slice: Buffer): void
}

export class FrameCutter {
  readonly #form: FrameForm
  readonly #sink: FrameSink
  #head: Buffer
  #headFilled = 0
  #left = 0
  #total = 0
  #want = 0
  #kept: Buffer[] = []

  constructor(form: FrameForm, sink: FrameSink) {
    this.#form = form
    this.#sink = sink
    this.#head = Buffer.alloc(form.headBytes)
  }

  take(chunk: Buffer): void {
    const { headBytes } = this.#form
    let at = 0
    while (at < chunk.length || (this.#headFilled === headBytes && this.#left === 0)) {
      if (this.#headFilled < headBytes) {
        const part = Math.min(headBytes - this.#headFilled, chunk.length - at)
        chunk.copy(this.#head, this.#headFilled, at, at + part)
        this.#headFilled += part
        at += part
        if (this.#headFilled < headBytes) return
        this.#total = this.#left = this.#form.bodyBytes(this.#head)
        this.#want = Math.min(this.#total, this.#form.keepBytes(this.#head))
      }
      const part = Math.min(this.#left, chunk.length - at)
      if (part > 0) {
        const slice = chunk.subarray(at, at + part)
        // A copy: the chunk's memory is the socket's, and a cut off beginning would hold all of it.
        if (this.#want > 0) {
          const wanted = Buffer.from(slice.subarray(0, this.#want))
          this.#kept.push(wanted)
          this.#want -= wanted.length
        }
        this.#sink.body?.(this.#head, slice)
        at += part
        this.#left -= part
      }
      if (this.#left > 0) return
      const kept = this.#kept.length === 1 ? (this.#kept[0] as Buffer) : Buffer.concat(this.#kept)
      const head = this.#head
      this.#head = Buffer.alloc(headBytes)
      this.#headFilled = 0
      this.#kept = []
      this.#sink.frame(head, kept, this.#total)
    }
  }
}
