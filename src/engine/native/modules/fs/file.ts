/** An opened file of `k6/experimental/fs`: bytes that all VUs share, and a position of its own. */
import { basename } from 'node:path'

export const SeekMode = { Start: 0, Current: 1, End: 2 } as const

export class OpenFile {
  readonly path: string
  readonly bytes: Uint8Array
  #offset = 0

  constructor(path: string, bytes: Uint8Array) {
    this.path = path
    this.bytes = bytes
  }

  stat(): { name: string; size: number } {
    return { name: basename(this.path), size: this.bytes.length }
  }

  /** @returns how many bytes were read; undefined at the end of the file */
  read(into: Uint8Array): number | undefined {
    if (this.#offset === this.bytes.length) return undefined
    const part = this.bytes.subarray(this.#offset, this.#offset + into.length)
    into.set(part)
    this.#offset += part.length
    return part.length
  }

  /** What is left; the position goes to the end. */
  rest(): Uint8Array {
    const rest = this.bytes.subarray(this.#offset)
    this.#offset = this.bytes.length
    return rest
  }

  /** @returns the new position, or k6's words for why there is none. `End` counts from the last byte, as in k6. */
  seek(offset: number, mode: number): number | string {
    if (mode === SeekMode.Start && offset < 0) return 'offset cannot be negative when using SeekModeStart'
    if (mode === SeekMode.End && offset > 0) return 'offset cannot be positive when using SeekModeEnd'
    const base = mode === SeekMode.Start ? 0 : mode === SeekMode.Current ? this.#offset : this.bytes.length - 1
    const position = base + offset
    if (position < 0) return 'seeking before start of file'
    if (position > this.bytes.length) return 'seeking beyond end of file'
    this.#offset = position
    return position
  }
}
