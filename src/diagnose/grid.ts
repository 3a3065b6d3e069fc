/** The bins of a run's columns. */

import type { Column } from '#record/index.js'

export type { Column }

export interface Grid {
  readonly binS: number
  readonly binCount: number
}

/** The bin in which the middle of a window lies: windows of a second begin and end some milliseconds beside it. */
export function binOf({ binS, binCount }: Grid, fromNs: number, toNs: number): number {
  return Math.min(binCount - 1, Math.max(0, Math.floor((fromNs + toNs) / 2e9 / binS)))
}

/** A column without a number yet. */
export function emptyColumn({ binCount }: Pick<Grid, 'binCount'>): Column {
  return new Float64Array(binCount).fill(Number.NaN)
}
