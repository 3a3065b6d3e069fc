/** The record of a run that has ended, opened once for all who look at it then: reading a long one is most of their work. */
import { readRecord, type RunRecord } from '#record/index.js'

export class RunReading {
  #dir: string | undefined
  #record: Promise<RunRecord> | undefined

  open(dir: string): Promise<RunRecord> {
    if (this.#record === undefined || this.#dir !== dir) this.#record = readRecord(dir)
    this.#dir = dir
    return this.#record
  }
}
