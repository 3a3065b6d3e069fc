/** A bin that is complete: its sketches become numbers. */
import { middleOf } from '#stats/octave-tables.js'
import type { Bin, Cell, GeneralRole } from './load-bins.js'

/** Numbers of a cell, in the order of `CELL`. */
export const CELL_NUMBERS = 10
export const CELL = {
  requests: 0,
  failed: 1,
  p50Ms: 2,
  p95Ms: 3,
  p99Ms: 4,
  meanMs: 5,
  waitingMs: 6,
  receivingMs: 7,
  connectingMs: 8,
  bodyBytes: 9,
} as const

export interface BinNumbers {
  readonly index: number
  readonly seconds: number
  /** As `GENERAL` names them. */
  readonly general: readonly number[]
  /** Endpoints that had something, by their place; 0 is everything together. */
  readonly places: readonly number[]
  /** `CELL_NUMBERS` for each place. */
  readonly cells: Float64Array
  readonly heat: readonly number[]
  /** `[kind, count, ...]` */
  readonly failures: readonly number[]
}

export const GENERAL = [
  'inFlight',
  'vus',
  'iterationsPerS',
  'iterationMs',
  'droppedPerS',
  'startLagMs',
  'receivedBytesPerS',
  'sentBytesPerS',
  'checksFailedPerS',
] as const

export function numbersOf(index: number, bin: Bin): BinNumbers {
  // The last bin may hold some hundredths of a second: what ended in them would be a rush that never was.
  const seconds = Math.max(index === 0 ? 1e-3 : 0.5, ...bin.seconds.values())
  const places: number[] = []
  bin.cells.forEach((cell, place) => void (cell !== undefined && places.push(place)))
  const cells = new Float64Array(places.length * CELL_NUMBERS)
  places.forEach((place, i) => writeCell(cells, i * CELL_NUMBERS, bin.cells[place] as Cell))
  return {
    index,
    seconds,
    general: generalOf(bin, seconds),
    places,
    cells,
    heat: heatOf(bin.cells[0]),
    failures: [...bin.failures].flat(),
  }
}

function generalOf({ general, cells }: Bin, seconds: number): number[] {
  const sum = (role: GeneralRole): number => (general.get(role)?.sum ?? 0) / seconds
  const mean = (role: GeneralRole): number => ratio(general.get(role)?.sum, general.get(role)?.count)
  return [
    (cells[0]?.durationMs ?? 0) / 1000 / seconds,
    mean('vus'),
    sum('iterations'),
    mean('iteration-duration'),
    sum('dropped'),
    mean('start-lag'),
    sum('received'),
    sum('sent'),
    sum('checks'),
  ]
}

function writeCell(into: Float64Array, at: number, cell: Cell): void {
  const { latency } = cell
  // gRPC has no counter of requests: its durations count.
  into[at + CELL.requests] = Math.max(cell.requests, latency.count)
  into[at + CELL.failed] = cell.failed
  into[at + CELL.p50Ms] = latency.quantile(0.5) ?? Number.NaN
  into[at + CELL.p95Ms] = latency.quantile(0.95) ?? Number.NaN
  into[at + CELL.p99Ms] = latency.quantile(0.99) ?? Number.NaN
  into[at + CELL.meanMs] = latency.mean() ?? Number.NaN
  into[at + CELL.waitingMs] = ratio(cell.waitingMs, latency.count)
  into[at + CELL.receivingMs] = ratio(cell.receivingMs, latency.count)
  into[at + CELL.connectingMs] = ratio(cell.connectingMs, latency.count)
  into[at + CELL.bodyBytes] = ratio(cell.bodyBytes, cell.bodies)
}

/** Eight rows an octave are as fine as a picture can be. */
function heatOf(cell: Cell | undefined): number[] {
  const counts = new Map<number, number>()
  const sparse = cell?.latency.toSparse() ?? []
  for (let i = 0; i < sparse.length; i += 2) {
    const index = sparse[i] as number
    if (index <= 0) continue
    const row = Math.round(Math.log2(middleOf(index)) * 8)
    counts.set(row, (counts.get(row) ?? 0) + (sparse[i + 1] as number))
  }
  return [...counts].flat()
}

function ratio(part: number | undefined, whole: number | undefined): number {
  return part === undefined || whole === undefined || whole === 0 ? Number.NaN : part / whole
}
