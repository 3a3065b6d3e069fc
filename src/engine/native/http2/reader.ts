/** Cuts what a socket delivers into frames. A frame that came whole is not copied. */
import { headBytes, maxFrameBytes } from './frames.js'

export interface FrameSink {
  /** The payload is `start..end` of `bytes`, valid until this returns. False = read no further. */
  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean
  onTooLong(length: number, type: number): void
}

export class FrameReader {
  readonly #sink: FrameSink
  /** The beginning of a frame that was cut. */
  #held: Buffer | undefined
  #fill = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  feed(bytes: Buffer, count: number): void {
    let at = 0
    while (this.#held !== undefined) {
      const held: Buffer = this.#held
      const take = Math.min(held.length - this.#fill, count - at)
      bytes.copy(held, this.#fill, at, at + take)
      this.#fill += take
      at += take
      if (this.#fill < held.length) return
      const length = lengthAt(held, 0)
      if (held.length === headBytes && length > 0) {
        if (length > maxFrameBytes) return this.#sink.onTooLong(length, held[3] as number)
        this.#held = Buffer.allocUnsafe(headBytes + length)
        held.copy(this.#held)
        continue
      }
      this.#held = undefined
      if (!this.#emit(held, 0, length)) return
    }
    while (count - at >= headBytes) {
      const length = lengthAt(bytes, at)
      if (length > maxFrameBytes) return this.#sink.onTooLong(length, bytes[at + 3] as number)
      if (count - at - headBytes < length) break
      if (!this.#emit(bytes, at, length)) return
      at += headBytes + length
    }
    if (at < count) {
      const size = count - at >= headBytes ? headBytes + lengthAt(bytes, at) : headBytes
      this.#held = Buffer.allocUnsafe(size)
      this.#fill = bytes.copy(this.#held, 0, at, count)
    }
  }

  #emit(bytes: Buffer, at: number, length: number): boolean {
    const id =
      (((bytes[at + 5] as number) & 127) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number)
    const start = at + headBytes
    return this.#sink.onFrame(bytes[at + 3] as number, bytes[at + 4] as number, id, bytes, start, start + length)
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
}
