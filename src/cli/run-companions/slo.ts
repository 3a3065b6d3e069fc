/** `--slo FILE`: the objectives are read before the first request, and judged on the record when it is closed. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CompanionAnswer, RunCompanion } from '#api/companion.js'
import { readRecord } from '#record/index.js'
import { checkRecord, exitCodeOfSlos } from '#slo/check-record.js'
import { sloFileMissing } from '#slo/errors.js'
import type { SloFile } from '#slo/model.js'
import { readSlos } from '#slo/read.js'
import { resultsText } from '#slo/text.js'

export class SloCompanion implements RunCompanion {
  readonly name = 'slo'
  readonly #name: string
  readonly #cwd: string
  #file: SloFile | undefined

  constructor(name: string, cwd: string) {
    this.#name = name
    this.#cwd = cwd
  }

  /** @throws PW_SLO_FILE, PW_SLO_INVALID */
  planned(): void {
    let text: string
    try {
      text = readFileSync(resolve(this.#cwd, this.#name), 'utf8')
    } catch (error) {
      throw sloFileMissing(this.#name, error)
    }
    this.#file = readSlos(text, this.#name)
  }

  async recordClosed(dir: string): Promise<CompanionAnswer | undefined> {
    if (this.#file === undefined) return undefined
    const results = await checkRecord(this.#file, await readRecord(dir))
    return {
      text: resultsText(results, 'of the objectives'),
      exitCode: exitCodeOfSlos(results.map(({ verdict }) => verdict)),
      json: { slo: results },
    }
  }
}
