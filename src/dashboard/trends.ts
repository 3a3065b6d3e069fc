/** Percentiles of one trend metric, second by second and for every coarser step of the history, taken from sketches. */
import type { WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import type { History } from './history.js'

const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const

export class TrendSeries {
  readonly name: string
  /** Of the whole run. */
  readonly total: Sketch = new Sketch()
  readonly #second = new Sketch()
  /** By level of the history, from 1. */
  readonly #coarse: readonly Sketch[]
  readonly #history: History
  readonly #columns: readonly number[]

  /** @param coarseLevels  levels of the history beyond the finest */
  constructor(name: string, history: History, coarseLevels: number) {
    this.name = name
    this.#history = history
    this.#coarse = Array.from({ length: coarseLevels }, () => new Sketch())
    this.#columns = QUANTILES.map(([label, q], i) =>
      history.add(`trend ${name} ${label}`, {
        of: (level) => {
          const sketch = this.#coarse[level - 1]
          const value = sketch?.quantile(q) ?? Number.NaN
          // The history asks for its columns in order: with the last of them the step is over.
          if (i === QUANTILES.length - 1) sketch?.clear()
          return value
        },
      }),
    )
  }

  add(row: WindowRow): void {
    this.#second.mergeRow(row)
  }

  /** Before the history's own tick. */
  tick(): void {
    if (this.#second.count === 0) return
    QUANTILES.forEach(([, q], i) =>
      this.#history.set(this.#columns[i] as number, this.#second.quantile(q) ?? Number.NaN),
    )
    const row = this.#second.toRow()
    this.total.mergeRow(row)
    for (const sketch of this.#coarse) sketch.mergeRow(row)
    this.#second.clear()
  }
}
