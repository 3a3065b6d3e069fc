import { diskReason } from './errors.js'
import type { Missing } from './types.js'

/** What could not be written: counted by place, reported once. */
export class Losses {
  readonly #warn: (message: string) => void
  readonly #places = new Map<string, { why: string; count: number; unit: string | undefined }>()
  #reported = false

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  /**
   * @param place  file or folder in the record
   * @param cause  an error of the disk, or the reason as text
   * @param unit   what is counted, in the singular; undefined for a file that is there whole or not at all
   */
  add(place: string, cause: unknown, unit?: string, count = 1): void {
    const why = typeof cause === 'string' ? cause : diskReason(cause)
    const known = this.#places.get(place)
    if (known === undefined) this.#places.set(place, { why, count, unit })
    else known.count += count
    if (this.#reported) return
    this.#reported = true
    this.#warn(
      `The run record cannot be written in full: ${why} (${place}). The run goes on; the record says what is missing.`,
    )
  }

  list(): Missing[] {
    return [...this.#places].map(([place, { why, count, unit }]) => ({
      what: unit === undefined ? place : `${place}: ${count} ${unit}${count === 1 ? '' : 's'}`,
      why,
    }))
  }
}
