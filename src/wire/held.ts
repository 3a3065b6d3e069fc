/** Bytes on their way from one socket to another: at once, or each held back for a time, in their order. */
import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.js'

export class Held {
  readonly #clock: Clock
  readonly #from: Socket
  readonly #to: Socket
  #waiting = 0
  #ended = false

  constructor(clock: Clock, from: Socket, to: Socket) {
    this.#clock = clock
    this.#from = from
    this.#to = to
  }

  /** @param delayMs  0 sends at once, but never before what is held back already */
  send(bytes: Buffer, delayMs: number): void {
    if (bytes.length === 0) return
    if (delayMs <= 0 && this.#waiting === 0) {
      this.#write(bytes)
      return
    }
    this.#waiting++
    // `at` keeps the order of what is due at one time, and is exact to some microseconds where timers are to a millisecond.
    this.#clock.at(this.#clock.nowNs() + delayMs * 1e6, () => {
      this.#waiting--
      this.#write(bytes)
      if (this.#ended && this.#waiting === 0) this.#to.end()
    })
  }

  /** After all that is held back. */
  end(): void {
    this.#ended = true
    if (this.#waiting === 0) this.#to.end()
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.writableEnded) return
    if (!this.#to.write(bytes)) {
      this.#from.pause()
      this.#to.once('drain', () => this.#from.resume())
    }
  }
}
