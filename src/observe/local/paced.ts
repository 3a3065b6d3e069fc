import type { Clock } from '#base/clock.js'
import type { Readings } from '#record/observed.js'
import { Growth } from './growth.js'

/** Time between two readings, in times of what one takes: 0.3 % of a core at most, however large the target is. */
const share = 300
const longestHoldNs = 3e9

/** Readings that are dear where there is much to read: taken as seldom as that asks for; meanwhile the last ones hold. */
export class Paced {
  readonly #clock: Clock
  readonly #growth: Growth
  readonly #atLeastNs: number
  readonly #atMostNs: number
  readonly #read: (growth: Growth, pids: readonly number[]) => Readings
  #last: Readings = {}
  #againNs = Number.NEGATIVE_INFINITY
  #took: readonly number[] = []

  /** @param every  between two readings, whatever they cost; above three seconds a leak or a full pool is no longer seen */
  constructor(
    clock: Clock,
    read: (growth: Growth, pids: readonly number[]) => Readings,
    every: { readonly atLeastNs?: number } = {},
  ) {
    this.#clock = clock
    this.#growth = new Growth(clock)
    this.#read = read
    this.#atLeastNs = every.atLeastNs ?? 0
    this.#atMostNs = every.atLeastNs === undefined ? longestHoldNs : Number.POSITIVE_INFINITY
  }

  readings(pids: readonly number[]): Readings {
    const startedNs = this.#clock.nowNs()
    if (startedNs < this.#againNs) return this.#last
    this.#growth.begin()
    this.#last = this.#read(this.#growth, pids)
    // On a busy machine a reading takes long because it waits for a core: the shortest of some says what it costs.
    this.#took = [...this.#took, this.#clock.nowNs() - startedNs].slice(-3)
    this.#againNs = startedNs + Math.min(this.#atMostNs, Math.max(this.#atLeastNs, share * Math.min(...this.#took)))
    return this.#last
  }
}
