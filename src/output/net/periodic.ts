import type { Cancel, Clock } from '#base/clock.js'

/** Calls `fn` every `periodNs` until stopped; a late call shifts none after it. */
export class Periodic {
  readonly #clock: Clock
  readonly #periodNs: number
  readonly #fn: () => void
  #cancel: Cancel | undefined

  constructor(clock: Clock, periodNs: number, fn: () => void) {
    this.#clock = clock
    this.#periodNs = periodNs
    this.#fn = fn
  }

  start(): void {
    this.#arm(this.#clock.nowNs() + this.#periodNs)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(atNs: number): void {
    this.#cancel = this.#clock.coarseAt(atNs, () => {
      const nowNs = this.#clock.nowNs()
      this.#arm(Math.max(atNs + this.#periodNs, nowNs))
      this.#fn()
    })
  }
}
