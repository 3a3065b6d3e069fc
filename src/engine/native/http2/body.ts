/** A response's body as it comes in, within the worker's bounds. */
import type { BodyBudget } from '../http1/parser.js'
import { maxBodyBytes, maxBufferedBytes } from '../http1/parser.js'

export class Body {
  readonly #budget: BodyBudget
  #parts: Buffer[] = []
  /** Bytes used of the last part. */
  #fill = 0
  #bytes = 0

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  /** Copies the chunk; answers why it may not, or ''. */
  add(chunk: Buffer): string {
    const { length } = chunk
    if (length === 0) return ''
    if (this.#bytes + length > maxBodyBytes) return `response body exceeded ${maxBodyBytes} bytes; aborted`
    if (this.#budget.usedBytes + length > maxBufferedBytes) {
      return `unfinished response bodies exceeded ${maxBufferedBytes} bytes; aborted`
    }
    this.#budget.usedBytes += length
    this.#bytes += length
    const last = this.#parts[this.#parts.length - 1]
    if (last !== undefined && this.#fill + length <= last.length) {
      chunk.copy(last, this.#fill)
      this.#fill += length
      return ''
    }
    if (last !== undefined) this.#parts[this.#parts.length - 1] = last.subarray(0, this.#fill)
    // The first is most often the only one; small ones after it share a buffer.
    const part = Buffer.allocUnsafe(this.#parts.length === 0 ? length : Math.max(length, 65_536))
    chunk.copy(part)
    this.#parts.push(part)
    this.#fill = length
    return ''
  }

  /** What has come, and nothing is held any more. */
  take(): Buffer {
    const parts = this.#parts
    const bytes = this.#bytes
    const last = parts[parts.length - 1]
    this.#budget.usedBytes -= bytes
    this.#parts = []
    this.#bytes = 0
    if (last === undefined) return Buffer.alloc(0)
    if (parts.length === 1) return last.subarray(0, this.#fill)
    return Buffer.concat([...parts.slice(0, -1), last.subarray(0, this.#fill)], bytes)
  }
}
