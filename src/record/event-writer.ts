import { join } from 'node:path'
import type { AppendFile, Disk } from './disk.js'
import type { RecordEvent } from './types.js'

/** Events of one run that are kept; a script that fails in every iteration must not fill the disk. */
export const MAX_EVENTS = 100_000

/** Appends events to `events.ndjson`, one JSON object a line. One `flush` at a time. */
export class EventWriter {
  readonly #disk: Disk
  readonly #path: string
  #waiting: string[] = []
  #kept = 0
  #written = 0
  #file: AppendFile | undefined
  #torn = false

  constructor(disk: Disk, dir: string) {
    this.#disk = disk
    this.#path = join(dir, 'events.ndjson')
  }

  get written(): number {
    return this.#written
  }

  /** False when the run had too many already. */
  add(event: RecordEvent): boolean {
    if (this.#kept >= MAX_EVENTS) return false
    this.#kept++
    this.#waiting.push(`${JSON.stringify({ unixMs: event.unixMs, type: event.type, detail: event.detail })}\n`)
    return true
  }

  /** @throws the disk's error with `lost`, how many events it cost */
  async flush(): Promise<void> {
    const lines = this.#waiting
    if (lines.length === 0) return
    this.#waiting = []
    try {
      this.#file ??= await this.#disk.append(this.#path)
      const data = Buffer.from((this.#torn ? '\n' : '') + lines.join(''))
      this.#torn = true
      await this.#file.write(data)
      this.#torn = false
      this.#written += lines.length
    } catch (error) {
      throw Object.assign(error as Error, { lost: lines.length })
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}
