/**
 * Writes one after another, apart from the run: whoever adds one never waits. A disk that cannot keep up costs data,
 * which is counted, never time of the run.
 */
export class WriteQueue {
  readonly #jobs: (() => Promise<void>)[] = []
  readonly #limit: number
  #running: Promise<void> | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** False when too many writes are waiting and this one was left out. */
  add(job: () => Promise<void>): boolean {
    if (this.#jobs.length >= this.#limit) return false
    this.#jobs.push(job)
    this.#running ??= this.#run()
    return true
  }

  /** Resolves when everything added so far, and since, is done. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Not within `add`: its caller is on the way of the run.
    await Promise.resolve()
    for (;;) {
      const job = this.#jobs.shift()
      if (job === undefined) break
      await job()
    }
    this.#running = undefined
  }
}
