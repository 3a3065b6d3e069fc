/** Rows of windows into bins of time by endpoint: sketches are held only for bins that still fill up. */
import { endpointName } from '#metrics/index.js'
import type { WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import type { SeriesWindow } from '../series-reader.js'
import type { FailureWay } from './types.js'

/** Endpoints that have columns of their own: scripts that put ids into names have as many as requests. */
export const MAX_ENDPOINTS = 500
export const MAX_FAILURE_KINDS = 300
const OTHER = '(other)'
/** A worker's window may come this much after another worker's later one. */
const SLACK_NS = 3e9
/** Up to this many values a sketch is exact. */
const EXACT = 1024

export interface Bin {
  /** Covered seconds by worker: they run side by side. */
  readonly seconds: Map<string, number>
  /** First of everything together, then of each endpoint. */
  readonly cells: (Cell | undefined)[]
  readonly general: Map<GeneralRole, { count: number; sum: number }>
  /** Failed requests by kind. */
  readonly failures: Map<number, number>
}

export interface Cell {
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

/** What the numbers in bins stand for; grows as windows come. */
export interface Names {
  /** Place 0 is everything together. */
  readonly endpoints: string[]
  readonly failures: FailureWay[]
}

/** Bins of one length from windows. Each is handed on once, in order of time. */
export class LoadBins {
  readonly names: Names = { endpoints: [''], failures: [] }
  readonly #binNs: number
  readonly #lastBin: number
  readonly #onClosed: (index: number, bin: Bin) => void
  readonly #metrics = new Map<number, Role>()
  readonly #tags = new Map<number, TagFacts>()
  readonly #endpointOf = new Map<string, number>()
  readonly #failureOf = new Map<string, number>()
  readonly #open = new Map<number, Bin>()
  #lastFromNs = 0
  #closedBelow = 0
  #lateWindows = 0

  /** @param binCount  what comes behind the last bin counts in it */
  constructor(binS: number, onClosed: (index: number, bin: Bin) => void, binCount: number = Number.MAX_SAFE_INTEGER) {
    this.#binNs = binS * 1e9
    this.#lastBin = binCount - 1
    this.#onClosed = onClosed
  }

  /** Windows that came when their bin was closed already: they are in no bin. */
  get late(): number {
    return this.#lateWindows
  }

  add(window: SeriesWindow): void {
    for (const metric of window.batch.metrics) this.#metrics.set(metric.id, roleOf(metric.name, metric.own))
    for (const set of window.batch.tagSets) this.#tags.set(set.id, this.#factsOf(set.entries))
    // By its middle: windows of a second begin and end some milliseconds beside it.
    const middle = Math.floor((window.fromNs + window.toNs) / 2 / this.#binNs)
    const at = Math.min(this.#lastBin, Math.max(0, middle))
    if (at < this.#closedBelow) {
      this.#lateWindows++
      return
    }
    let bin = this.#open.get(at)
    if (bin === undefined) this.#open.set(at, (bin = newBin()))
    bin.seconds.set(window.source, (bin.seconds.get(window.source) ?? 0) + (window.toNs - window.fromNs) / 1e9)
    for (const row of window.batch.rows) this.#row(bin, row)
    this.#lastFromNs = Math.max(this.#lastFromNs, window.fromNs)
    this.#closeBefore(this.#lastFromNs - SLACK_NS)
  }

  /** @param binCount  bins behind it that are open still go into the last */
  finish(binCount: number = this.#lastBin + 1): void {
    for (const [index, bin] of this.#open) {
      if (index < binCount || binCount - 1 < this.#closedBelow) continue
      this.#open.delete(index)
      const last = this.#open.get(binCount - 1)
      if (last === undefined) this.#open.set(binCount - 1, bin)
      else mergeBin(last, bin)
    }
    this.#closeBefore(Number.POSITIVE_INFINITY)
  }

  #closeBefore(ns: number): void {
    if (this.#open.size === 0) return
    const due = [...this.#open.keys()].filter((index) => (index + 1) * this.#binNs < ns).sort((a, b) => a - b)
    for (const index of due) {
      const bin = this.#open.get(index) as Bin
      this.#open.delete(index)
      this.#closedBelow = index + 1
      this.#onClosed(index, bin)
    }
  }

  #row(bin: Bin, row: WindowRow): void {
    const role = this.#metrics.get(row.metric)
    if (role === undefined || role === 'other') return
    const facts = this.#tags.get(row.tags)
    if (!isRequestRole(role)) {
      addGeneral(bin.general, role, row)
      return
    }
    addRequest((bin.cells[0] ??= newCell()), role, row, facts?.failed === true)
    if (facts === undefined || facts.endpoint === 0) return
    addRequest((bin.cells[facts.endpoint] ??= newCell()), role, row, facts.failed)
    if (role !== 'requests' || !facts.failed) return
    const kind = this.#failure(facts)
    if (kind !== undefined) bin.failures.set(kind, (bin.failures.get(kind) ?? 0) + row.sum)
  }

  #failure({ failureKey, endpoint, status, errorCode, error }: TagFacts): number | undefined {
    const known = this.#failureOf.get(failureKey)
    const { failures, endpoints } = this.names
    if (known !== undefined || failures.length >= MAX_FAILURE_KINDS) return known
    failures.push({ endpoint: endpoints[endpoint] ?? OTHER, status, errorCode, error })
    this.#failureOf.set(failureKey, failures.length - 1)
    return failures.length - 1
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
    const failureKey = JSON.stringify([endpoint, status, errorCode, error])
    return { endpoint, failed, status, errorCode, error, failureKey }
  }

  #endpoint(name: string): number {
    const known = this.#endpointOf.get(name)
    if (known !== undefined) return known
    const { endpoints } = this.names
    if (this.#endpointOf.size >= MAX_ENDPOINTS && name !== OTHER) return this.#endpoint(OTHER)
    endpoints.push(name)
    this.#endpointOf.set(name, endpoints.length - 1)
    return endpoints.length - 1
  }
}

export function newBin(): Bin {
  return { seconds: new Map(), cells: [], general: new Map(), failures: new Map() }
}

/** Adds a bin's content to that of a longer one, or of one that has a part of it. */
export function mergeBin(into: Bin, from: Bin): void {
  for (const [source, seconds] of from.seconds) into.seconds.set(source, (into.seconds.get(source) ?? 0) + seconds)
  for (const [kind, count] of from.failures) into.failures.set(kind, (into.failures.get(kind) ?? 0) + count)
  for (const [role, { count, sum }] of from.general) {
    const entry = into.general.get(role)
    if (entry === undefined) into.general.set(role, { count, sum })
    else {
      entry.count += count
      entry.sum += sum
    }
  }
  // Places of endpoints without requests are holes.
  from.cells.forEach((cell, i) => {
    if (cell !== undefined) mergeCell((into.cells[i] ??= newCell()), cell)
  })
}

function mergeCell(into: Cell, from: Cell): void {
  into.requests += from.requests
  into.failed += from.failed
  into.durationMs += from.durationMs
  into.latency.merge(from.latency)
  into.waitingMs += from.waitingMs
  into.receivingMs += from.receivingMs
  into.connectingMs += from.connectingMs
  into.bodies += from.bodies
  into.bodyBytes += from.bodyBytes
  into.bodyMin = Math.min(into.bodyMin, from.bodyMin)
  into.bodyMax = Math.max(into.bodyMax, from.bodyMax)
}

export type GeneralRole =
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
  /** Place among the endpoints; 0 = none. */
  readonly endpoint: number
  readonly failed: boolean
  readonly status: string
  readonly errorCode: string
  readonly error: string
  readonly failureKey: string
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

const requestRoles: ReadonlySet<Role> = new Set<Role>([
  'requests',
  'duration',
  'waiting',
  'receiving',
  'connecting',
  'body',
])

function isRequestRole(role: Role): role is RequestRole {
  return requestRoles.has(role)
}

function addGeneral(general: Bin['general'], role: GeneralRole, row: WindowRow): void {
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

function newCell(): Cell {
  return {
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
  }
}
