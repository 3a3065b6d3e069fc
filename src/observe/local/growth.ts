import type { Clock } from '#base/clock.js'

/** Totals that only grow, as growth per second since the reading before. */
export class Growth {
  readonly #clock: Clock
  #atNs: number | undefined
  #seconds = 0
  #before = new Map<string, number>()
  #now = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call before the totals of a reading. What the reading before had and this one has not is forgotten. */
  begin(): void {
    const nowNs = this.#clock.nowNs()
    this.#seconds = this.#atNs === undefined ? 0 : (nowNs - this.#atNs) / 1e9
    this.#atNs = nowNs
    this.#before = this.#now
    this.#now = new Map()
  }

  /** Undefined at the first reading, for a total that is not known, and for one that fell. */
  perS(name: string, total: number | undefined): number | undefined {
    if (total === undefined || !Number.isFinite(total)) return undefined
    const before = this.#before.get(name)
    this.#now.set(name, total)
    if (before === undefined || total < before || this.#seconds <= 0) return undefined
    return (total - before) / this.#seconds
  }
}
