/** Bytes on their way from one socket to another: at once, or each held back for a time, in their order. */
import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.js'

export class Held {
  readonly #clock: Clock
  readonly #from: Socket
  readonly #to: Socket
  /** In the order in which they came; the first is due first. */
  readonly #waiting: { readonly bytes: Buffer; readonly dueNs: number }[] = []
  #ended = false

  constructor(clock: Clock, from: Socket, to: Socket) {
    this.#clock = clock
    this.#from = from
    this.#to = to
  }

  /** @param delayMs  0 sends at once, but never before what is held back already */
  send(bytes: Buffer, delayMs: number): void {
    if (bytes.length === 0) return
    const last = this.#waiting.at(-1)
    if (delayMs <= 0 && last === undefined) {
      this.#write(bytes)
      return
    }
    const dueNs = Math.max(this.#clock.nowNs() + delayMs * 1e6, last?.dueNs ?? 0)
    this.#waiting.push({ bytes, dueNs })
    // One timer for the first of them: two timers of nearly one time may fire in either order.
    if (last === undefined) this.#wait()
  }

  /** After all that is held back. */
  end(): void {
    this.#ended = true
    if (this.#waiting.length === 0) this.#to.end()
  }

  #wait(): void {
    const first = this.#waiting[0]
    if (first === undefined) {
      if (this.#ended) this.#to.end()
      return
    }
    this.#clock.at(first.dueNs, () => {
      while (this.#waiting[0] !== undefined && this.#waiting[0].dueNs <= this.#clock.nowNs())
        this.#write((this.#waiting.shift() as { bytes: Buffer }).bytes)
      this.#wait()
    })
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.writableEnded) return
    if (this.#to.write(bytes) || this.#from.isPaused()) return
    this.#from.pause()
    this.#to.once('drain', () => this.#from.resume())
  }
}
