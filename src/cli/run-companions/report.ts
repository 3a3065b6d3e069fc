/** `report.html` of the run, beside its record. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompanionAnswer, RunCompanion } from '#api/companion.js'
import { renderReport } from '#report/index.js'
import type { RunReading } from './run-reading.js'

export class ReportCompanion implements RunCompanion {
  readonly name = 'report'
  readonly #language: string

  readonly #reading: RunReading

  constructor(reading: RunReading, language: string) {
    this.#reading = reading
    this.#language = language
  }

  async recordClosed(dir: string): Promise<CompanionAnswer | undefined> {
    const record = await this.#reading.open(dir)
    const pieces: (string | Uint8Array)[] = []
    for await (const piece of renderReport(record, 'html', { series: false, language: this.#language }))
      pieces.push(piece)
    const path = join(dir, 'report.html')
    await writeFile(path, pieces)
    return { json: { report: path } }
  }
}
