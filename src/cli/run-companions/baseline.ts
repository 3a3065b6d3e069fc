/** `run --baseline NAME`: the run that just ended against a stored baseline. */
import { join } from 'node:path'
import type { CompanionAnswer, RunCompanion } from '#api/companion.js'
import { baselineDir, compareRuns, comparisonText, readBaseline, runFacts } from '#gate/index.js'
import { nodeDisk, readRecord } from '#record/index.js'
import { exitOfComparison } from '../commands/compare.js'

const usual = { margin: 0.05, level: 0.02 }

export class BaselineCompanion implements RunCompanion {
  readonly name = 'baseline'
  readonly #baseline: string
  readonly #dir: string

  constructor(baseline: string, cwd: string) {
    this.#baseline = baseline
    this.#dir = join(cwd, baselineDir)
  }

  /** A name that does not exist is told before the load, not after it. */
  async planned(): Promise<void> {
    await readBaseline(nodeDisk, this.#dir, this.#baseline)
  }

  async recordClosed(dir: string): Promise<CompanionAnswer> {
    const { runs } = await readBaseline(nodeDisk, this.#dir, this.#baseline)
    const comparison = compareRuns(runs, [await runFacts(await readRecord(dir))], usual)
    return {
      text: `\nAgainst the baseline ${this.#baseline}:\n${comparisonText(comparison)}`,
      exitCode: exitOfComparison(comparison),
      json: { baseline: { name: this.#baseline, ...comparison } },
    }
  }
}
