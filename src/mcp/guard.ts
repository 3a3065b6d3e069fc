/**
 * What a coding agent may do to others with a load generator: only hosts that a person named, only so much at once, only so long
 * in all. A refusal says what would be allowed.
 */
import { isAbsolute, relative, resolve, sep } from 'node:path'

export interface Limits {
  /** Patterns as for `run --only-host`. */
  readonly hosts: readonly string[]
  readonly maxVus: number
  /** Requests a second. */
  readonly maxRate: number
  /** Of one run. */
  readonly maxDurationS: number
  /** Of all runs of this server together. */
  readonly totalS: number
  /** Profiles attach to a process, which costs it a little and needs its owner's consent. */
  readonly profiles: boolean
}

export const defaultLimits: Limits = {
  hosts: ['127.0.0.1', 'localhost', '::1'],
  maxVus: 50,
  maxRate: 500,
  maxDurationS: 300,
  totalS: 3600,
  profiles: false,
}

export class Refused extends Error {}

/** The load that is left, and the files that may be read. */
export class Guard {
  readonly limits: Limits
  readonly #root: string
  #leftS: number
  #isRunning = false

  /** @param root  scripts and records lie below it */
  constructor(limits: Limits, root: string) {
    this.limits = limits
    this.#root = resolve(root)
    this.#leftS = limits.totalS
  }

  get leftS(): number {
    return this.#leftS
  }

  /** @throws Refused for a path that leads out of the project */
  path(given: string): string {
    const path = resolve(this.#root, given)
    const way = relative(this.#root, path)
    if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
      throw new Refused(`${given} lies outside ${this.#root}, where this server may read`)
    return path
  }

  /** @throws Refused for more load than is allowed; else the load counts as spent once the returned function is called */
  begin(vus: number, durationS: number): (spentS: number) => void {
    const { maxVus, maxDurationS } = this.limits
    if (this.#isRunning) throw new Refused('a run is under way: one at a time, or they measure each other')
    if (vus > maxVus) throw new Refused(`the script wants ${vus} VUs; at most ${maxVus} are allowed (--max-vus)`)
    if (durationS > maxDurationS)
      throw new Refused(`the script runs for ${durationS} s; at most ${maxDurationS} s are allowed (--max-duration)`)
    if (durationS > this.#leftS)
      throw new Refused(
        `the script runs for ${durationS} s; of the ${this.limits.totalS} s of this session ${Math.floor(this.#leftS)} s are left (--total-duration)`,
      )
    this.#isRunning = true
    let isOver = false
    return (spentS) => {
      if (isOver) return
      isOver = true
      this.#isRunning = false
      this.#leftS = Math.max(0, this.#leftS - spentS)
    }
  }
}
