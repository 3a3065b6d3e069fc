/**
 * From totals that only grow to rates per second. The time between two readings is taken from the clock, so a reading
 * that came late is still right.
 */
import type { Clock } from '#base/clock.js'

export class Rates {
  readonly #clock: Clock
  readonly #totals = new Map<string, number>()
  #atNs: number | undefined
  #seconds = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call before the totals of a new reading. */
  begin(): void {
    const now = this.#clock.nowNs()
    this.#seconds = this.#atNs === undefined ? 0 : (now - this.#atNs) / 1e9
    this.#atNs = now
  }

  /**
   * Growth of `total` per second since the reading before.
   * @returns undefined for the first reading, for a total that is missing, and for one that fell: then the server was
   *   started anew or its statistics were reset, and nobody knows how much it grew
   */
  perS(name: string, total: number | undefined): number | undefined {
    const grown = this.delta(name, total)
    return grown === undefined || this.#seconds <= 0 ? undefined : grown / this.#seconds
  }

  /** As `perS`, but for a name that appears with its first use: it counts from 0 when there was a reading before. */
  grownPerS(name: string, total: number): number | undefined {
    const grown = this.grown(name, total)
    return grown === undefined || this.#seconds <= 0 ? undefined : grown / this.#seconds
  }

  /** Growth itself; see `perS`. */
  delta(name: string, total: number | undefined): number | undefined {
    if (total === undefined || !Number.isFinite(total)) return undefined
    const before = this.#totals.get(name)
    this.#totals.set(name, total)
    return before === undefined || total < before ? undefined : total - before
  }

  /** As `delta`, from 0 for a name that appears. */
  grown(name: string, total: number): number | undefined {
    if (this.#seconds > 0 && !this.#totals.has(name)) this.#totals.set(name, 0)
    return this.delta(name, total)
  }

  /** Seconds between the last two readings; 0 at the first. */
  get seconds(): number {
    return this.#seconds
  }
}

/** Share of `part` in `part + rest`; undefined when there was neither, because nothing is not "none". */
export function ratioOf(part: number | undefined, rest: number | undefined): number | undefined {
  if (part === undefined || rest === undefined || part + rest <= 0) return undefined
  return part / (part + rest)
}
