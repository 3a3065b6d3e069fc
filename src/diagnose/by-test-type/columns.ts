/** Parts of columns, by seconds. */
import type { Stretch } from '#record/index.js'
import { median } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import type { Column } from '../grid.js'

export type Bins = Pick<Evidence, 'binS' | 'binCount'>

/** Bins that lie in a stretch as a whole. */
export function binsOf(
  { binS, binCount }: Bins,
  { fromS, toS }: Stretch,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.ceil(fromS / binS - 1e-9))
  return { from, to: Math.max(from, Math.min(binCount, Math.floor(toS / binS + 1e-9))) }
}

/** Measured values of a stretch with the second in the middle of their bins. */
export function valuesIn(
  bins: Bins,
  column: Column,
  stretch: Stretch,
): { readonly atS: readonly number[]; readonly values: readonly number[] } {
  const { from, to } = binsOf(bins, stretch)
  const atS: number[] = []
  const values: number[] = []
  for (let i = from; i < to; i++) {
    const value = column[i]!
    if (Number.isNaN(value)) continue
    atS.push((i + 0.5) * bins.binS)
    values.push(value)
  }
  return { atS, values }
}

/** Mean of the measured values; undefined where nothing was. */
export function meanIn(bins: Bins, column: Column, stretch: Stretch): number | undefined {
  const { values } = valuesIn(bins, column, stretch)
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

export function medianIn(bins: Bins, column: Column, stretch: Stretch): number | undefined {
  return median(valuesIn(bins, column, stretch).values)
}

/** What a rate a second comes to over the stretch. */
export function totalIn(bins: Bins, perS: Column, stretch: Stretch): number {
  const { values } = valuesIn(bins, perS, stretch)
  return values.reduce((sum, value) => sum + value, 0) * bins.binS
}
