/** By endpoint: how many traces, how slow, and what the slowest of them waited for. */
import { Sketch } from '#stats/sketch.js'
import { criticalPath } from './critical-path.js'
import type { Span } from './span.js'

const MAX_ENDPOINTS = 200
/** Slowest traces of an endpoint whose paths are kept. */
const SLOWEST = 20
/** Rows of a summary. */
const MAX_ROWS = 30

interface PathRow {
  readonly service: string
  readonly name: string
  readonly kind: string
  readonly peer: string | undefined
  readonly dbStatement: string | undefined
  ms: number
  count: number
}

interface Endpoint {
  readonly durations: Sketch
  /** Ascending by duration. */
  readonly slowest: { readonly ms: number; readonly rows: ReadonlyMap<string, PathRow> }[]
  errors: number
  isLoad: boolean
}

export class Endpoints {
  readonly #endpoints = new Map<string, Endpoint>()

  /** @param spans  one whole trace */
  add(spans: readonly Span[]): void {
    const root = entryOf(spans)
    if (root === undefined) return
    const loadName = spans.find((span) => span.loadName !== undefined)?.loadName
    const name = loadName ?? root.endpoint ?? root.name
    let endpoint = this.#endpoints.get(name)
    if (endpoint === undefined) {
      if (this.#endpoints.size >= MAX_ENDPOINTS) return
      endpoint = { durations: new Sketch(), slowest: [], errors: 0, isLoad: false }
      this.#endpoints.set(name, endpoint)
    }
    const ms = root.endMs - root.startMs
    endpoint.durations.add(ms)
    endpoint.isLoad ||= loadName !== undefined
    if (root.isError) endpoint.errors++
    const { slowest } = endpoint
    if (slowest.length >= SLOWEST && ms <= (slowest[0]?.ms ?? 0)) return
    slowest.push({ ms, rows: rowsOf(root, spans) })
    slowest.sort((a, b) => a.ms - b.ms)
    if (slowest.length > SLOWEST) slowest.shift()
  }

  /**
   * Details of `trace-summary`, slowest endpoint first. Where requests of the load were among the traces, only those
   * endpoints: health checks and other people's requests are not what was asked about.
   */
  summaries(): Record<string, unknown>[] {
    const all = [...this.#endpoints]
    const ofLoad = all.filter(([, endpoint]) => endpoint.isLoad)
    return (ofLoad.length > 0 ? ofLoad : all)
      .map(([name, endpoint]) => ({
        endpoint: name,
        joined: endpoint.isLoad,
        traces: endpoint.durations.count,
        errors: endpoint.errors,
        p50Ms: rounded(endpoint.durations.quantile(0.5) ?? 0),
        p95Ms: rounded(endpoint.durations.quantile(0.95) ?? 0),
        ofSlowest: endpoint.slowest.length,
        spans: merged(endpoint.slowest),
      }))
      .sort((a, b) => b.p95Ms - a.p95Ms)
      .slice(0, 50)
  }
}

/** The span that served the request: of those whose parent is not in the trace, the first server span, else the first. */
function entryOf(spans: readonly Span[]): Span | undefined {
  const ids = new Set(spans.map((span) => span.spanId))
  const roots = spans.filter((span) => !ids.has(span.parentId)).sort((a, b) => a.startMs - b.startMs)
  return roots.find((span) => span.kind === 'server') ?? roots[0]
}

function rowsOf(root: Span, spans: readonly Span[]): Map<string, PathRow> {
  const rows = new Map<string, PathRow>()
  for (const { span, ms } of criticalPath(root, spans)) {
    const { service, name, kind, peer, dbStatement } = span
    const key = JSON.stringify([service, name, kind, peer, dbStatement])
    const row = rows.get(key)
    if (row === undefined) rows.set(key, { service, name, kind, peer, dbStatement, ms, count: 1 })
    else {
      row.ms += ms
      row.count++
    }
  }
  return rows
}

/** Means over the slowest traces; `share` of the whole time, `count` of such spans in a trace. */
function merged(slowest: Endpoint['slowest']): Record<string, unknown>[] {
  const sums = new Map<string, PathRow>()
  for (const { rows } of slowest) {
    for (const [key, row] of rows) {
      const sum = sums.get(key)
      if (sum === undefined) sums.set(key, { ...row })
      else {
        sum.ms += row.ms
        sum.count += row.count
      }
    }
  }
  const traces = slowest.length
  const whole = slowest.reduce((sum, { ms }) => sum + ms, 0)
  return [...sums.values()]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, MAX_ROWS)
    .map(({ service, name, kind, peer, dbStatement, ms, count }) => ({
      service,
      name,
      kind,
      ...(peer === undefined ? {} : { peer }),
      ...(dbStatement === undefined ? {} : { dbStatement }),
      ms: rounded(ms / traces),
      share: whole > 0 ? rounded(ms / whole) : 0,
      count: rounded(count / traces),
    }))
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
