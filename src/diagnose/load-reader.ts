/** The series of the load into columns: sketches are held only for the bins that still fill up. */
import { endpointName } from '#metrics/index.js'
import type { WindowRow } from '#metrics/types.js'
import type { SeriesWindow } from '#record/index.js'
import { Sketch } from '#stats/index.js'
import type { Endpoint, FailureKind, LoadColumns, RequestColumns, RequestTotals } from './evidence.js'
import { binOf, type Column, emptyColumn, type Grid } from './grid.js'

/** Endpoints that have columns of their own: scripts that put ids into names have as many as requests. */
const MAX_ENDPOINTS = 500
const MAX_FAILURE_KINDS = 300
const OTHER = '(other)'
/** A worker's window may come this much after another worker's later one. */
const SLACK_NS = 3e9
/** Up to this many values a sketch is exact. */
const EXACT = 1024

export class LoadReader {
  readonly #grid: Grid
  readonly #metrics = new Map<number, Role>()
  readonly #tags = new Map<number, TagFacts>()
  readonly #names = new Map<string, number>()
  /** First the whole, then each endpoint. */
  readonly #parts: Part[]
  readonly #general: Record<GeneralName, Column>
  readonly #open = new Map<number, OpenBin>()
  readonly #failures = new Map<string, { kind: Omit<FailureKind, 'count' | 'perS'>; count: number; perS: Column }>()
  #lastFromNs = 0

  constructor(grid: Grid) {
    this.#grid = grid
    this.#parts = [newPart('', grid)]
    this.#general = {
      inFlight: emptyColumn(grid),
      vus: emptyColumn(grid),
      iterationsPerS: emptyColumn(grid),
      iterationMs: emptyColumn(grid),
      droppedPerS: emptyColumn(grid),
      startLagMs: emptyColumn(grid),
      receivedBytesPerS: emptyColumn(grid),
      sentBytesPerS: emptyColumn(grid),
      checksFailedPerS: emptyColumn(grid),
    }
  }

  add(window: SeriesWindow): void {
    for (const metric of window.batch.metrics) this.#metrics.set(metric.id, roleOf(metric.name, metric.own))
    for (const set of window.batch.tagSets) this.#tags.set(set.id, this.#factsOf(set.entries))
    const at = binOf(this.#grid, window.fromNs, window.toNs)
    let bin = this.#open.get(at)
    if (bin === undefined) {
      bin = { toNs: 0, seconds: new Map(), cells: [], general: new Map() }
      this.#open.set(at, bin)
    }
    bin.toNs = Math.max(bin.toNs, window.toNs)
    bin.seconds.set(window.source, (bin.seconds.get(window.source) ?? 0) + (window.toNs - window.fromNs) / 1e9)
    for (const row of window.batch.rows) this.#row(bin, at, row)
    this.#lastFromNs = Math.max(this.#lastFromNs, window.fromNs)
    for (const [index, open] of this.#open) {
      const endNs = (index + 1) * this.#grid.binS * 1e9
      if (index !== at && endNs + SLACK_NS < this.#lastFromNs) this.#close(index, open)
    }
  }

  finish(): {
    readonly columns: LoadColumns
    readonly endpoints: readonly Endpoint[]
    readonly failures: readonly FailureKind[]
  } {
    for (const [index, open] of this.#open) this.#close(index, open)
    const [whole, ...rest] = this.#parts as [Part, ...Part[]]
    return {
      columns: { ...whole.columns, ...this.#general },
      endpoints: rest
        .filter((part) => part.requests > 0)
        .map((part) => ({ name: part.name, columns: part.columns, total: totalOf(part) }))
        .sort((a, b) => b.total.latency.sum - a.total.latency.sum),
      failures: [...this.#failures.values()]
        .map(({ kind, count, perS }) => ({ ...kind, count, perS }))
        .sort((a, b) => b.count - a.count),
    }
  }

  #row(bin: OpenBin, at: number, row: WindowRow): void {
    const role = this.#metrics.get(row.metric)
    if (role === undefined || role === 'other') return
    const facts = this.#tags.get(row.tags)
    if (!isRequestRole(role)) {
      addGeneral(bin.general, role, row)
      return
    }
    addRequest(cellOf(bin, 0), role, row, facts?.failed === true)
    if (facts === undefined || facts.endpoint === 0) return
    addRequest(cellOf(bin, facts.endpoint), role, row, facts.failed)
    if (role === 'requests' && facts.failed) this.#failed(facts, at, row.sum)
  }

  #failed(facts: TagFacts, at: number, count: number): void {
    let failure = this.#failures.get(facts.failureKey)
    if (failure === undefined) {
      if (this.#failures.size >= MAX_FAILURE_KINDS) return
      const { status, errorCode, error } = facts
      const endpoint = this.#parts[facts.endpoint]?.name ?? OTHER
      failure = { kind: { endpoint, status, errorCode, error }, count: 0, perS: new Float64Array(this.#grid.binCount) }
      this.#failures.set(facts.failureKey, failure)
    }
    failure.count += count
    failure.perS[at] = (failure.perS[at] as number) + count / this.#grid.binS
  }

  #factsOf(entries: readonly (readonly [string, string])[]): TagFacts {
    const tags = new Map(entries)
    const name = endpointName({ method: tags.get('method'), name: tags.get('name') ?? tags.get('url') })
    const status = tags.get('status') ?? ''
    const errorCode = tags.get('error_code') ?? ''
    const expected = tags.get('expected_response')
    const failed = expected === undefined ? status === '0' || Number(status) >= 400 : expected === 'false'
    const error = (tags.get('error') ?? '').slice(0, 300)
    const endpoint = name === undefined ? 0 : this.#endpoint(name)
    return {
      endpoint,
      failed,
      status,
      errorCode,
      error,
      failureKey: JSON.stringify([endpoint, status, errorCode, error]),
    }
  }

  #endpoint(name: string): number {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    if (this.#names.size >= MAX_ENDPOINTS && name !== OTHER) return this.#endpoint(OTHER)
    this.#parts.push(newPart(name, this.#grid))
    this.#names.set(name, this.#parts.length - 1)
    return this.#parts.length - 1
  }

  /** The bin is complete: its sketches become numbers. */
  #close(index: number, bin: OpenBin): void {
    this.#open.delete(index)
    const seconds = Math.max(1e-3, ...bin.seconds.values())
    for (const [i, part] of this.#parts.entries()) closeCell(part, index, bin.cells[i], seconds)
    const { general } = bin
    const columns = this.#general
    const sum = (role: GeneralRole): number => general.get(role)?.sum ?? 0
    const mean = (role: GeneralRole): number => ratio(general.get(role)?.sum, general.get(role)?.count)
    columns.inFlight[index] = (bin.cells[0]?.durationMs ?? 0) / 1000 / seconds
    columns.vus[index] = mean('vus')
    columns.iterationsPerS[index] = sum('iterations') / seconds
    columns.iterationMs[index] = mean('iteration-duration')
    columns.droppedPerS[index] = sum('dropped') / seconds
    columns.startLagMs[index] = mean('start-lag')
    columns.receivedBytesPerS[index] = sum('received') / seconds
    columns.sentBytesPerS[index] = sum('sent') / seconds
    columns.checksFailedPerS[index] = sum('checks') / seconds
  }
}

type GeneralName = Exclude<keyof LoadColumns, keyof RequestColumns>
type GeneralRole =
  | 'vus'
  | 'iterations'
  | 'iteration-duration'
  | 'dropped'
  | 'start-lag'
  | 'received'
  | 'sent'
  | 'checks'
type RequestRole = 'requests' | 'duration' | 'waiting' | 'receiving' | 'connecting' | 'body'
type Role = GeneralRole | RequestRole | 'other'

interface TagFacts {
  /** Place among the parts; 0 = no endpoint. */
  readonly endpoint: number
  readonly failed: boolean
  readonly status: string
  readonly errorCode: string
  readonly error: string
  readonly failureKey: string
}

interface OpenBin {
  toNs: number
  /** Covered seconds by worker: they run side by side. */
  readonly seconds: Map<string, number>
  readonly cells: (Cell | undefined)[]
  readonly general: Map<GeneralRole, { count: number; sum: number }>
}

interface Cell {
  requests: number
  failed: number
  durationMs: number
  readonly latency: Sketch
  waitingMs: number
  receivingMs: number
  connectingMs: number
  bodies: number
  bodyBytes: number
  bodyMin: number
  bodyMax: number
}

interface Part {
  readonly name: string
  readonly columns: RequestColumns
  requests: number
  failed: number
  readonly latency: Sketch
  bodies: number
  bodyBytes: number
  bodyMin: number
  bodyMax: number
}

function roleOf(name: string, own: boolean): Role {
  if (own) return name === 'http_res_body_bytes' ? 'body' : name === 'iteration_start_lag' ? 'start-lag' : 'other'
  switch (name) {
    case 'http_reqs':
      return 'requests'
    case 'http_req_duration':
    case 'grpc_req_duration':
      return 'duration'
    case 'http_req_waiting':
      return 'waiting'
    case 'http_req_receiving':
      return 'receiving'
    case 'http_req_blocked':
      // k6's "blocked" has the connection's handshakes in it.
      return 'connecting'
    case 'vus':
      return 'vus'
    case 'iterations':
      return 'iterations'
    case 'iteration_duration':
      return 'iteration-duration'
    case 'dropped_iterations':
      return 'dropped'
    case 'data_received':
      return 'received'
    case 'data_sent':
      return 'sent'
    case 'checks':
      return 'checks'
    default:
      return 'other'
  }
}

function isRequestRole(role: Exclude<Role, 'other'>): role is RequestRole {
  return ['requests', 'duration', 'waiting', 'receiving', 'connecting', 'body'].includes(role)
}

function addGeneral(general: OpenBin['general'], role: GeneralRole, row: WindowRow): void {
  let entry = general.get(role)
  if (entry === undefined) general.set(role, (entry = { count: 0, sum: 0 }))
  if (role === 'vus') {
    // Workers of one second report each its own VUs; several seconds of a bin are averaged by their count.
    entry.count += 1
    entry.sum += row.sum
  } else {
    entry.count += row.count
    entry.sum += role === 'checks' ? row.count - row.sum : row.sum
  }
}

function addRequest(cell: Cell, role: RequestRole, row: WindowRow, failed: boolean): void {
  switch (role) {
    case 'requests':
      cell.requests += row.sum
      if (failed) cell.failed += row.sum
      return
    case 'duration':
      cell.durationMs += row.sum
      cell.latency.mergeRow(row)
      return
    case 'waiting':
      cell.waitingMs += row.sum
      return
    case 'receiving':
      cell.receivingMs += row.sum
      return
    case 'connecting':
      cell.connectingMs += row.sum
      return
    case 'body':
      cell.bodies += row.count
      cell.bodyBytes += row.sum
      cell.bodyMin = Math.min(cell.bodyMin, row.min)
      cell.bodyMax = Math.max(cell.bodyMax, row.max)
  }
}

function cellOf(bin: OpenBin, part: number): Cell {
  return (bin.cells[part] ??= {
    requests: 0,
    failed: 0,
    durationMs: 0,
    latency: new Sketch(EXACT),
    waitingMs: 0,
    receivingMs: 0,
    connectingMs: 0,
    bodies: 0,
    bodyBytes: 0,
    bodyMin: Number.POSITIVE_INFINITY,
    bodyMax: 0,
  })
}

function closeCell(part: Part, index: number, cell: Cell | undefined, seconds: number): void {
  const { columns } = part
  // gRPC has no counter of requests: its durations count.
  const requests = Math.max(cell?.requests ?? 0, cell?.latency.count ?? 0)
  columns.requestsPerS[index] = requests / seconds
  columns.failedPerS[index] = (cell?.failed ?? 0) / seconds
  if (cell === undefined) return
  const { latency } = cell
  columns.p50Ms[index] = latency.quantile(0.5) ?? Number.NaN
  columns.p95Ms[index] = latency.quantile(0.95) ?? Number.NaN
  columns.p99Ms[index] = latency.quantile(0.99) ?? Number.NaN
  columns.meanMs[index] = latency.mean() ?? Number.NaN
  columns.waitingMs[index] = ratio(cell.waitingMs, latency.count)
  columns.receivingMs[index] = ratio(cell.receivingMs, latency.count)
  columns.connectingMs[index] = ratio(cell.connectingMs, latency.count)
  columns.bodyBytes[index] = ratio(cell.bodyBytes, cell.bodies)
  part.requests += requests
  part.failed += cell.failed
  part.latency.merge(latency)
  part.bodies += cell.bodies
  part.bodyBytes += cell.bodyBytes
  part.bodyMin = Math.min(part.bodyMin, cell.bodyMin)
  part.bodyMax = Math.max(part.bodyMax, cell.bodyMax)
}

function newPart(name: string, grid: Grid): Part {
  return {
    name,
    columns: {
      requestsPerS: emptyColumn(grid),
      failedPerS: emptyColumn(grid),
      p50Ms: emptyColumn(grid),
      p95Ms: emptyColumn(grid),
      p99Ms: emptyColumn(grid),
      meanMs: emptyColumn(grid),
      waitingMs: emptyColumn(grid),
      receivingMs: emptyColumn(grid),
      connectingMs: emptyColumn(grid),
      bodyBytes: emptyColumn(grid),
    },
    requests: 0,
    failed: 0,
    latency: new Sketch(EXACT),
    bodies: 0,
    bodyBytes: 0,
    bodyMin: Number.POSITIVE_INFINITY,
    bodyMax: 0,
  }
}

function totalOf(part: Part): RequestTotals {
  const { requests, failed, latency, bodies: count, bodyBytes: bytes, bodyMin: min, bodyMax: max } = part
  return { requests, failed, latency, body: count === 0 ? undefined : { count, bytes, min, max } }
}

function ratio(part: number | undefined, whole: number | undefined): number {
  return part === undefined || whole === undefined || whole === 0 ? Number.NaN : part / whole
}
