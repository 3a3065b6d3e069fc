/**
 * A run as a page shows it, built from its windows, readings and events: the same whether they come from the run itself
 * or from the files that it writes. Its memory is bounded whatever the run's length.
 */
import { errorKind } from '#api/live-tracker.js'
import { endpointName } from '#metrics/index.js'
import type { Metric, WindowBatch, WindowRow } from '#metrics/types.js'
import type { Readings, RecordEvent } from '#record/index.js'
import type { Sketch } from '#stats/index.js'
import { middleOf } from '#stats/octave-tables.js'
import { EndpointTable, rounded, short } from './endpoints.js'
import { History } from './history.js'
import { TrendSeries } from './trends.js'
import { Troubles } from './troubles.js'
import type { Distribution, HistoryData, Tick } from './wire.js'

/** One second for ten minutes, ten seconds for six hours, a minute for a week. */
const LEVELS = [
  { stepS: 1, keep: 600 },
  { stepS: 10, keep: 2160 },
  { stepS: 60, keep: 10_080 },
] as const
const MAX_TRENDS = 40
const MAX_OBSERVED = 400
const MAX_ERROR_KINDS = 20

export interface Totals {
  requests: number
  failed: number
  iterations: number
  dropped: number
  vus: number
  vusMax: number
}

export class LiveModel {
  readonly history: History = new History(LEVELS)
  readonly endpoints: EndpointTable = new EndpointTable()
  readonly troubles: Troubles = new Troubles()
  readonly totals: Totals = { requests: 0, failed: 0, iterations: 0, dropped: 0, vus: 0, vusMax: 0 }
  /** Injector, last reading. */
  generator: { readonly cpuRatio: number; readonly lagMs: number } | undefined
  elapsedS = 0
  readonly #metrics = new Map<number, Metric>()
  readonly #tags = new Map<number, ReadonlyMap<string, string>>()
  readonly #cells = new Map<number, (((row: WindowRow) => void) | undefined)[]>()
  readonly #trends = new Map<string, TrendSeries>()
  readonly #errors = new Map<string, { readonly column: number; second: number }>()
  readonly #observed = new Map<string, { readonly column: number; last: number; heldS: number }>()
  readonly #second: Record<'requests' | 'failed' | 'iterations' | 'dropped' | 'received' | 'sent', number> = {
    requests: 0,
    failed: 0,
    iterations: 0,
    dropped: 0,
    received: 0,
    sent: 0,
  }
  readonly #columns: Readonly<Record<(typeof RUN_SERIES)[number], number>>
  #busy: number[] = []

  constructor() {
    this.#columns = Object.fromEntries(
      RUN_SERIES.map((name) => [name, this.history.add(`run ${name}`, 'mean')]),
    ) as never
  }

  /** One second of load has passed. */
  window(batch: WindowBatch, time: { readonly fromNs: number; readonly toNs: number }, pace?: Pace): void {
    for (const metric of batch.metrics) this.#metrics.set(metric.id, metric)
    for (const { id, entries } of batch.tagSets) this.#tags.set(id, new Map(entries))
    this.elapsedS = Math.max(this.elapsedS, time.toNs / 1e9)
    for (const row of batch.rows) this.#cell(row)?.(row)
    const lengthS = Math.max(0.001, (time.toNs - time.fromNs) / 1e9)
    const t = time.toNs / 1e9
    for (const trend of this.#trends.values()) trend.tick()
    for (const error of this.#errors.values()) {
      this.history.set(error.column, error.second / lengthS)
      error.second = 0
    }
    this.#perSecond(lengthS, pace)
    this.#hold()
    this.endpoints.tick(t, lengthS)
    this.history.tick(t)
  }

  /** Readings of something beside the load; they stand in the second that ends next. */
  observed(part: string, values: Readings): void {
    for (const [name, reading] of Object.entries(values)) {
      if (reading === undefined) continue
      if (typeof reading === 'number') this.#observe(`observed ${part} ${name}`, reading)
      else for (const { tags, value } of reading) this.#observe(`observed ${part} ${name} ${tagText(tags)}`, value)
    }
    if (part === 'injector') this.#injector(values)
  }

  event(event: RecordEvent, t: number): void {
    this.troubles.event(event, t)
  }

  /** Why the generator's numbers are in doubt; null while they are not. */
  starved(): string | null {
    const busy = this.#busy.filter((cpu) => cpu > 0.9).length
    if (busy >= 3) {
      return `The load generator is starved: its thread is busy ${Math.round((this.generator?.cpuRatio ?? 0) * 100)} % of the time, so that response times include its own delay.`
    }
    const lagMs = this.generator?.lagMs ?? 0
    if (lagMs > 50)
      return `The load generator is late: its event loop lags by ${Math.round(lagMs)} ms, which response times include.`
    return null
  }

  historyData(): HistoryData {
    const { times, steps } = this.history.stretch()
    return {
      series: [...this.history.names],
      tick: this.history.ticks - 1,
      times: times.map((t) => Math.round(t * 1000) / 1000),
      steps,
      values: this.history.names.map((_, column) => this.history.values(column).map(digits)),
    }
  }

  /** One second as it is sent; undefined when it is no longer kept. @param known  series that the page knows already */
  tick(index: number, known: number): Tick | undefined {
    const at = this.history.at(index)
    if (at === undefined) return undefined
    const { names } = this.history
    return {
      tick: index,
      t: Math.round(at.t * 1000) / 1000,
      ...(names.length > known ? { more: names.slice(known), moreFrom: known } : {}),
      values: at.values.map(digits),
    }
  }

  /** @param endpoint  index of one; all requests when left out */
  distribution(endpoint: number | undefined): Distribution | undefined {
    if (endpoint !== undefined) {
      const found = this.endpoints.sketchOf(endpoint)
      return found === undefined ? undefined : distributionOf(found.name, found.sketch)
    }
    const trend = this.#trends.get('http_req_duration') ?? [...this.#trends.values()][0]
    return trend === undefined ? undefined : distributionOf(trend.name, trend.total)
  }

  #perSecond(lengthS: number, pace: Pace | undefined): void {
    const { history, totals } = this
    const columns = this.#columns
    const second = this.#second
    history.set(columns.rps, second.requests / lengthS)
    history.set(columns.failed, second.failed / lengthS)
    history.set(columns.iterations, second.iterations / lengthS)
    history.set(columns.dropped, second.dropped / lengthS)
    history.set(columns.received, second.received / lengthS)
    history.set(columns.sent, second.sent / lengthS)
    history.set(columns.vus, totals.vus)
    history.set(columns.vusMax, totals.vusMax)
    if (pace?.askedPerS !== undefined) history.set(columns.asked, pace.askedPerS)
    if (pace?.startedPerS !== undefined) history.set(columns.started, pace.startedPerS)
    totals.requests += second.requests
    totals.failed += second.failed
    totals.iterations += second.iterations
    totals.dropped += second.dropped
    for (const key of Object.keys(second) as (keyof typeof second)[]) second[key] = 0
  }

  #cell(row: WindowRow): ((row: WindowRow) => void) | undefined {
    let cells = this.#cells.get(row.metric)
    if (cells === undefined) {
      cells = []
      this.#cells.set(row.metric, cells)
    }
    if (!(row.tags in cells)) cells[row.tags] = this.#newCell(this.#metrics.get(row.metric), this.#tags.get(row.tags))
    return cells[row.tags]
  }

  /** What a row of this metric and these tags adds to. */
  #newCell(
    metric: Metric | undefined,
    tags: ReadonlyMap<string, string> = new Map(),
  ): ((row: WindowRow) => void) | undefined {
    if (metric === undefined) return undefined
    const second = this.#second
    switch (metric.name) {
      case 'http_reqs': {
        const endpoint = this.#endpointOf(tags)
        return (row) => {
          second.requests += row.sum
          endpoint?.requests(row.sum)
        }
      }
      case 'http_req_failed':
      case 'browser_http_req_failed':
        return this.#failureCell(tags)
      case 'iterations':
        return (row) => (second.iterations += row.sum)
      case 'dropped_iterations':
        return (row) => (second.dropped += row.sum)
      case 'data_received':
        return (row) => (second.received += row.sum)
      case 'data_sent':
        return (row) => (second.sent += row.sum)
      case 'vus':
        return (row) => (this.totals.vus = row.sum)
      case 'vus_max':
        return (row) => (this.totals.vusMax = row.sum)
      case 'checks': {
        const name = tags.get('check')
        return name === undefined ? undefined : (row) => this.troubles.check(name, row.sum, row.count - row.sum)
      }
    }
    return metric.type === 'trend' ? this.#trendCell(metric, tags) : undefined
  }

  #trendCell(metric: Metric, tags: ReadonlyMap<string, string>): ((row: WindowRow) => void) | undefined {
    let trend = this.#trends.get(metric.name)
    if (trend === undefined && this.#trends.size < MAX_TRENDS) {
      trend = new TrendSeries(metric.name, this.history, LEVELS.length - 1)
      this.#trends.set(metric.name, trend)
    }
    if (metric.name === 'http_req_duration') {
      const endpoint = this.#endpointOf(tags)
      return (row) => {
        trend?.add(row)
        endpoint?.time(row)
      }
    }
    if (metric.name !== 'grpc_req_duration' && metric.name !== 'browser_http_req_duration')
      return (row) => trend?.add(row)
    // These protocols have no counter of their own: their times are their requests.
    const endpoint = this.#endpointOf(tags)
    const isFailed = metric.name === 'grpc_req_duration' && (tags.get('status') ?? '0') !== '0'
    return (row) => {
      trend?.add(row)
      endpoint?.time(row)
      endpoint?.requests(row.count)
      this.#second.requests += row.count
      if (!isFailed) return
      this.#second.failed += row.count
      endpoint?.failures(row.count)
      this.troubles.failure(endpoint?.name ?? '', `status ${tags.get('status')}`, row.count, this.elapsedS)
    }
  }

  #failureCell(tags: ReadonlyMap<string, string>): (row: WindowRow) => void {
    const endpoint = this.#endpointOf(tags)
    const status = tags.get('status') ?? '0'
    const code = tags.get('error_code')
    const kind = errorKind(status, code)
    const error = tags.get('error')
    const what = status !== '0' ? `status ${status}` : error === undefined || error === '' ? kind : error
    const shown = code === undefined || code === '' ? what : `${what} (code ${code})`
    return (row) => {
      if (row.sum === 0) return
      this.#second.failed += row.sum
      endpoint?.failures(row.sum)
      this.#errorKind(kind, row.sum)
      this.troubles.failure(endpoint?.name ?? '(no name)', shown, row.sum, this.elapsedS)
    }
  }

  #endpointOf(tags: ReadonlyMap<string, string>): ReturnType<EndpointTable['endpoint']> | undefined {
    const name = endpointName({ method: tags.get('method'), name: tags.get('name') ?? tags.get('url') })
    return name === undefined ? undefined : this.endpoints.endpoint(name.slice(0, 300))
  }

  #errorKind(kind: string, count: number): void {
    const name = this.#errors.has(kind) || this.#errors.size < MAX_ERROR_KINDS ? kind : 'other'
    let error = this.#errors.get(name)
    if (error === undefined) {
      error = { column: this.history.add(`error ${name}`, 'mean'), second: 0 }
      this.#errors.set(name, error)
    }
    error.second += count
  }

  #observe(name: string, value: number): void {
    let known = this.#observed.get(name)
    if (known === undefined) {
      if (this.#observed.size >= MAX_OBSERVED) return
      // A peak of lag or of a queue is what one looks for later; the rest is a level.
      const column = this.history.add(name.slice(0, 300), /_(?:max|p99)_ms$/.test(name) ? 'max' : 'mean')
      known = { column, last: value, heldS: 0 }
      this.#observed.set(name, known)
    }
    known.last = value
    known.heldS = -1
    this.history.set(known.column, value)
  }

  /** Two clocks of one second beat against each other: a reading that is a moment late is no gap. */
  #hold(): void {
    for (const known of this.#observed.values()) {
      if (++known.heldS === 1) this.history.set(known.column, known.last)
    }
  }

  #injector(values: Readings): void {
    const of = (name: string): number | undefined => {
      const value = values[name]
      return typeof value === 'number' ? value : undefined
    }
    const cpuRatio = of('cpu_ratio')
    if (cpuRatio === undefined) return
    this.generator = { cpuRatio, lagMs: of('event_loop_lag_p99_ms') ?? 0 }
    this.#busy = [...this.#busy.slice(-4), cpuRatio]
  }
}

export interface Pace {
  /** Iterations a second of an open model; undefined in a closed one. */
  readonly askedPerS: number | undefined
  readonly startedPerS: number | undefined
}

const RUN_SERIES = [
  'rps',
  'failed',
  'asked',
  'started',
  'iterations',
  'dropped',
  'vus',
  'vusMax',
  'received',
  'sent',
] as const

function distributionOf(metric: string, sketch: Sketch): Distribution {
  const bars = 40
  const low = Math.max(1e-3, sketch.min)
  const high = Math.max(low * 1.001, sketch.max)
  const bounds = Array.from({ length: bars }, (_, i) => low * (high / low) ** ((i + 1) / bars))
  const counts = Array.from({ length: bars }, () => 0)
  counts[0] = sketch.zeros
  const sparse = sketch.toSparse()
  for (let i = 0; i + 1 < sparse.length; i += 2) {
    const value = middleOf(sparse[i] as number)
    const at = bounds.findIndex((bound) => value <= bound)
    const bar = at < 0 ? bars - 1 : at
    counts[bar] = (counts[bar] as number) + (sparse[i + 1] as number)
  }
  const quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1]
  return {
    metric,
    count: sketch.count,
    bounds: bounds.map((bound) => short(bound) ?? 0),
    counts,
    quantiles: sketch.count === 0 ? [] : quantiles.map((q) => [q, short(sketch.quantile(q)) ?? 0]),
  }
}

function tagText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
    .slice(0, 120)
}

function digits(value: number): number | null {
  return rounded(value, 5)
}
