/** Numbers of columns: what is NaN was not measured and counts for nothing. */
import type { Column } from './grid.js'

/** Bins that count; undefined = all. */
export type Mask = (bin: number) => boolean

export function known(column: Column, mask?: Mask): number[] {
  const out: number[] = []
  for (let i = 0; i < column.length; i++) {
    const value = column[i] as number
    if (value === value && (mask === undefined || mask(i))) out.push(value)
  }
  return out
}

/** Undefined when nothing was measured. */
export function mean(column: Column | undefined, mask?: Mask): number | undefined {
  const values = column === undefined ? [] : known(column, mask)
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** @param q  0..1 */
export function quantile(column: Column | undefined, q: number, mask?: Mask): number | undefined {
  return column === undefined ? undefined : quantileOf(known(column, mask), q)
}

export function quantileOf(values: readonly number[], q: number): number | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const rank = q * (sorted.length - 1)
  const below = sorted[Math.floor(rank)] as number
  return below + ((sorted[Math.ceil(rank)] as number) - below) * (rank - Math.floor(rank))
}

export function median(column: Column | undefined, mask?: Mask): number | undefined {
  return quantile(column, 0.5, mask)
}

export function maximum(column: Column | undefined, mask?: Mask): number | undefined {
  const values = column === undefined ? [] : known(column, mask)
  return values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value))
}

/** Share of the measured bins that are above a limit. */
export function shareAbove(column: Column | undefined, limit: number, mask?: Mask): number | undefined {
  const values = column === undefined ? [] : known(column, mask)
  return values.length === 0 ? undefined : values.filter((value) => value > limit).length / values.length
}

/** Sum of columns, bin by bin; NaN only where none was measured. */
export function sumOf(columns: readonly Column[], length: number): Column {
  const out = new Float64Array(length).fill(Number.NaN)
  for (const column of columns) {
    for (let i = 0; i < length; i++) {
      const value = column[i] as number
      if (value === value) out[i] = ((out[i] as number) === out[i] ? (out[i] as number) : 0) + value
    }
  }
  return out
}

/** First and last bin that count and were measured, as seconds. */
export function stretchOf(
  column: Column,
  binS: number,
  mask?: (bin: number) => boolean,
): { readonly fromS: number; readonly toS: number } | undefined {
  let [first, last] = [-1, -1]
  for (let i = 0; i < column.length; i++) {
    if (Number.isNaN(column[i]) || (mask !== undefined && !mask(i))) continue
    if (first < 0) first = i
    last = i
  }
  return first < 0 ? undefined : { fromS: first * binS, toS: (last + 1) * binS }
}
