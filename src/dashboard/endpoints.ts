/** The table of endpoints: totals, percentiles, and each one's own history. Bounded, because a script may name its requests by id. */
import type { WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import { History } from './history.js'
import type { EndpointHistory, EndpointRow, TableUpdate } from './wire.js'

/** Endpoints that are told apart; the rest counts as one. */
export const MAX_ENDPOINTS = 1000
export const OTHER_ENDPOINT = '(other)'
/** Seconds over which the table's rate is taken. */
const RATE_S = 10
const LEVELS = [
  { stepS: 1, keep: 600 },
  { stepS: 30, keep: 2880 },
] as const

export class EndpointTable {
  readonly #byName = new Map<string, Endpoint>()
  readonly #all: Endpoint[] = []
  readonly #history = new History(LEVELS, false)
  /** One for all: a second's sketch is needed only while its percentiles are taken. */
  readonly #scratch = new Sketch()

  get size(): number {
    return this.#all.length
  }

  endpoint(name: string): Endpoint {
    let endpoint = this.#byName.get(name)
    if (endpoint !== undefined) return endpoint
    if (this.#all.length >= MAX_ENDPOINTS && name !== OTHER_ENDPOINT) return this.endpoint(OTHER_ENDPOINT)
    endpoint = new Endpoint(this.#all.length, name, this.#history)
    this.#byName.set(name, endpoint)
    this.#all.push(endpoint)
    return endpoint
  }

  /** A second has ended. */
  tick(t: number, lengthS: number): void {
    for (const endpoint of this.#all) endpoint.tick(lengthS, this.#scratch)
    this.#history.tick(t)
  }

  /** Rows that changed since the last time. */
  changes(): TableUpdate {
    const changed = this.#all.filter(({ isChanged }) => isChanged)
    const names = changed.filter(({ isTold }) => !isTold).map(({ index, name }) => [index, name] as const)
    const rows = changed.map((endpoint) => this.#row(endpoint))
    for (const endpoint of changed) {
      endpoint.isTold = true
      endpoint.isChanged = false
    }
    return { names, rows }
  }

  /** All rows, for a page that has none. */
  whole(): TableUpdate {
    return {
      names: this.#all.map(({ index, name }) => [index, name]),
      rows: this.#all.map((endpoint) => this.#row(endpoint)),
    }
  }

  /** Whole run of one endpoint; undefined when there is none of this number. */
  historyOf(index: number): EndpointHistory | undefined {
    const endpoint = this.#all[index]
    if (endpoint === undefined) return undefined
    const { columns } = endpoint
    const of = (column: number): (number | null)[] => this.#history.values(column).map(orNull)
    return {
      name: endpoint.name,
      times: this.#history.stretch().times,
      perS: of(columns.perS),
      failedPerS: of(columns.failedPerS),
      p50: of(columns.p50),
      p95: of(columns.p95),
      p99: of(columns.p99),
    }
  }

  /** The last ten minutes of p95 as at most `points` values, each the worst second of its stretch. */
  spark(index: number, points: number): (number | null)[] | undefined {
    const endpoint = this.#all[index]
    if (endpoint === undefined) return undefined
    const seconds = this.#history.recent(endpoint.columns.p95, LEVELS[0].keep)
    const step = Math.max(1, Math.ceil(seconds.length / points))
    const out: (number | null)[] = []
    for (let from = 0; from < seconds.length; from += step) {
      const known = seconds.slice(from, from + step).filter((value) => !Number.isNaN(value))
      out.push(known.length === 0 ? null : Math.max(...known))
    }
    return out
  }

  sketchOf(index: number): { readonly name: string; readonly sketch: Sketch } | undefined {
    const endpoint = this.#all[index]
    return endpoint === undefined ? undefined : { name: endpoint.name, sketch: endpoint.total }
  }

  #row({ index, count, failed, total, columns }: Endpoint): EndpointRow {
    const recent = this.#history.recent(columns.perS, RATE_S).filter((value) => !Number.isNaN(value))
    const perS = recent.length === 0 ? 0 : recent.reduce((sum, value) => sum + value, 0) / recent.length
    const q = (of: number): number | null => short(total.quantile(of))
    return [
      index,
      count,
      failed,
      short(perS) ?? 0,
      short(total.mean()),
      q(0.5),
      q(0.95),
      q(0.99),
      total.count === 0 ? null : short(total.max),
    ]
  }
}

export class Endpoint {
  readonly index: number
  readonly name: string
  readonly columns: {
    readonly perS: number
    readonly failedPerS: number
    readonly p50: number
    readonly p95: number
    readonly p99: number
  }
  /** Response times of the whole run. */
  readonly total: Sketch = new Sketch()
  count = 0
  failed = 0
  /** Since the table was handed out last. */
  isChanged = true
  /** Its name was handed out. */
  isTold = false
  #idleS = 0
  readonly #history: History
  /** Of the coarse step under way. */
  readonly #coarse = new Sketch()
  #rows: WindowRow[] = []
  #secondCount = 0
  #secondFailed = 0

  constructor(index: number, name: string, history: History) {
    this.index = index
    this.name = name
    this.#history = history
    const quantile = (label: string, q: number, isLast = false): number =>
      history.add(`${index} ${label}`, {
        of: () => {
          const value = this.#coarse.quantile(q) ?? Number.NaN
          // Asked for in order: with the last of them the step is over.
          if (isLast) this.#coarse.clear()
          return value
        },
      })
    this.columns = {
      perS: history.add(`${index} perS`, 'mean'),
      failedPerS: history.add(`${index} failedPerS`, 'mean'),
      p50: quantile('p50', 0.5),
      p95: quantile('p95', 0.95),
      p99: quantile('p99', 0.99, true),
    }
  }

  requests(n: number): void {
    this.#secondCount += n
  }

  failures(n: number): void {
    this.#secondFailed += n
  }

  time(row: WindowRow): void {
    this.#rows.push(row)
  }

  tick(lengthS: number, scratch: Sketch): void {
    const { columns } = this
    const history = this.#history
    history.set(columns.perS, this.#secondCount / lengthS)
    history.set(columns.failedPerS, this.#secondFailed / lengthS)
    this.#idleS = this.#secondCount > 0 ? 0 : this.#idleS + 1
    // Without requests the rate falls for as long as it looks back.
    if (this.#idleS <= RATE_S) this.isChanged = true
    this.count += this.#secondCount
    this.failed += this.#secondFailed
    this.#secondCount = 0
    this.#secondFailed = 0
    if (this.#rows.length === 0) return
    scratch.clear()
    for (const row of this.#rows) {
      scratch.mergeRow(row)
      this.#coarse.mergeRow(row)
      this.total.mergeRow(row)
    }
    this.#rows = []
    history.set(columns.p50, scratch.quantile(0.5) ?? Number.NaN)
    history.set(columns.p95, scratch.quantile(0.95) ?? Number.NaN)
    history.set(columns.p99, scratch.quantile(0.99) ?? Number.NaN)
  }
}

/** Four digits: more nobody reads, and it is sent every second. */
export function short(value: number | undefined): number | null {
  return value === undefined ? null : rounded(value, 4)
}

/** To so many digits; null where there is no number. Ten times as fast as toPrecision, which a long history feels. */
export function rounded(value: number, digits: number): number | null {
  if (value === 0) return 0
  const size = Math.abs(value)
  if (!(size < Number.POSITIVE_INFINITY)) return null
  const places = digits - 1 - Math.floor(Math.log10(size))
  if (places <= 0) return Math.round(value)
  if (places > 15) return Number(value.toPrecision(digits))
  const scale = POWERS[places] as number
  return Math.round(value * scale) / scale
}

const POWERS: readonly number[] = Array.from({ length: 16 }, (_, i) => 10 ** i)

function orNull(value: number): number | null {
  return rounded(value, 4)
}
