/** `report.html` of the run, beside its record. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompanionAnswer, RunCompanion } from '#api/companion.js'
import { readRecord } from '#record/index.js'
import { renderReport } from '#report/index.js'

export class ReportCompanion implements RunCompanion {
  readonly name = 'report'
  readonly #language: string

  constructor(language: string) {
    this.#language = language
  }

  async recordClosed(dir: string): Promise<CompanionAnswer | undefined> {
    const record = await readRecord(dir)
    const pieces: (string | Uint8Array)[] = []
    for await (const piece of renderReport(record, 'html', { series: false, language: this.#language }))
      pieces.push(piece)
    const path = join(dir, 'report.html')
    await writeFile(path, pieces)
    return { json: { report: path } }
  }
}
