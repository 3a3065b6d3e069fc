/** Numbers of bins into columns, one for each endpoint and number. */
import { type BinNumbers, CELL, CELL_NUMBERS, GENERAL } from './bin-numbers.js'
import type { Names } from './load-bins.js'
import type { Column, Endpoint, FailureKind, LoadColumns, LoadDigest, RequestColumns, RequestTotals } from './types.js'

const requestColumns = [
  'p50Ms',
  'p95Ms',
  'p99Ms',
  'meanMs',
  'waitingMs',
  'receivingMs',
  'connectingMs',
  'bodyBytes',
] as const

export class ColumnsBuilder {
  readonly #binS: number
  readonly #binCount: number
  readonly #parts: { readonly columns: RequestColumns; first: number }[] = []
  readonly #general: Record<(typeof GENERAL)[number], Column>
  readonly #failures: { count: number; readonly perS: Column }[] = []
  readonly #heat: (readonly number[])[] = []
  readonly #there: Uint8Array

  constructor(binS: number, binCount: number) {
    this.#binS = binS
    this.#binCount = binCount
    this.#general = Object.fromEntries(GENERAL.map((name) => [name, this.#column()])) as Record<
      (typeof GENERAL)[number],
      Column
    >
    this.#there = new Uint8Array(binCount)
  }

  /** @param bin  its index within the bins that there are, its places within reason */
  add({ index, seconds, general, places, cells, heat, failures }: BinNumbers): void {
    this.#there[index] = 1
    GENERAL.forEach((name, i) => void (this.#general[name][index] = general[i] ?? Number.NaN))
    this.#heat[index] = heat
    for (const [i, place] of places.entries()) {
      const { columns } = this.#part(place, index)
      const at = i * CELL_NUMBERS
      columns.requestsPerS[index] = (cells[at + CELL.requests] as number) / seconds
      columns.failedPerS[index] = (cells[at + CELL.failed] as number) / seconds
      for (const name of requestColumns) columns[name][index] = cells[at + CELL[name]] as number
    }
    for (let i = 0; i + 1 < failures.length; i += 2) {
      const failure = (this.#failures[failures[i] as number] ??= { count: 0, perS: new Float64Array(this.#binCount) })
      failure.count += failures[i + 1] as number
      failure.perS[index] = (failure.perS[index] as number) + (failures[i + 1] as number) / this.#binS
    }
  }

  /** @param totals  of the endpoint in each place */
  finish(
    { endpoints, failures }: Names,
    totals: readonly (RequestTotals | undefined)[],
  ): Pick<LoadDigest, 'columns' | 'endpoints' | 'failures' | 'heat'> {
    // No request in a bin of the run is 0 requests; no bin at all is no number.
    const [whole = this.#part(0, 0)] = this.#parts
    whole.first = 0
    for (const part of this.#parts) if (part !== undefined) this.#zeros(part)
    return {
      columns: { ...whole.columns, ...this.#general } satisfies LoadColumns,
      endpoints: endpoints
        .flatMap((name, place): Endpoint[] => {
          const [part, total] = [this.#parts[place], totals[place]]
          return place === 0 || part === undefined || total === undefined || total.requests === 0
            ? []
            : [{ name, columns: part.columns, total }]
        })
        .sort((a, b) => b.total.latency.sum - a.total.latency.sum),
      failures: failures
        .flatMap((way, kind): FailureKind[] => {
          const failure = this.#failures[kind]
          return failure === undefined ? [] : [{ ...way, ...failure }]
        })
        .sort((a, b) => b.count - a.count),
      heat: Array.from({ length: this.#binCount }, (_, i) => this.#heat[i] ?? []),
    }
  }

  #zeros({ columns, first }: { readonly columns: RequestColumns; readonly first: number }): void {
    for (const column of [columns.requestsPerS, columns.failedPerS]) {
      for (let i = first; i < column.length; i++)
        if (this.#there[i] === 1 && Number.isNaN(column[i] as number)) column[i] = 0
    }
  }

  #part(place: number, index: number): { readonly columns: RequestColumns; first: number } {
    let part = this.#parts[place]
    if (part === undefined) this.#parts[place] = part = { columns: this.#columns(), first: index }
    return part
  }

  #columns(): RequestColumns {
    const names = ['requestsPerS', 'failedPerS', ...requestColumns] as const
    return Object.fromEntries(names.map((name) => [name, this.#column()])) as unknown as RequestColumns
  }

  #column(): Column {
    return new Float64Array(this.#binCount).fill(Number.NaN)
  }
}
