/** At the end of every run: what held it back, on the terminal in a few lines and in the record whole. */
import type { CompanionAnswer, RunCompanion } from '#api/companion.js'
import { diagnose } from '#diagnose/diagnose.js'
import { briefText } from '#diagnose/text.js'
import { nodeDisk, writeFindings } from '#record/index.js'
import type { RunReading } from './run-reading.js'

export class DiagnoseCompanion implements RunCompanion {
  readonly name = 'diagnose'
  readonly #color: boolean
  readonly #width: number
  readonly #isQuiet: boolean
  readonly #reading: RunReading

  constructor(
    reading: RunReading,
    terminal: { readonly color: boolean; readonly width: number; readonly quiet: boolean },
  ) {
    this.#reading = reading
    this.#color = terminal.color
    this.#width = terminal.width
    this.#isQuiet = terminal.quiet
  }

  async recordClosed(dir: string): Promise<CompanionAnswer | undefined> {
    const record = await this.#reading.open(dir)
    const diagnosis = await diagnose(record)
    const { findings, analysis } = diagnosis
    await writeFindings(nodeDisk, dir, { findings, analysis })
    const text = `\n${briefText(diagnosis, dir, { color: this.#color, width: this.#width })}\n`
    // With --quiet standard output is what k6's would be, for whoever reads it by program.
    return { ...(this.#isQuiet ? {} : { text }), json: { findings, answer: analysis.answer } }
  }
}
