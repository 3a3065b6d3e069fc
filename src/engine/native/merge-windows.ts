/**
 * Makes one run of what several workers tell: their windows of the same second become one, and ids that mean something
 * only within a worker become ids of the run.
 */
import { EXACT_LIMIT } from '#metrics/series.js'
import type { Metric, WindowBatch, WindowRow } from '#metrics/types.js'
import { Sketch } from '#stats/index.js'
import type { ErrorSample, SampleBatch, ScenarioState, WorkerWindow } from './worker/protocol.js'

/** A worker that is so many seconds behind is not waited for; what it sends later counts in a later second. */
const mostBehind = 3

export class WindowMerger {
  readonly #emit: (window: WorkerWindow) => void
  readonly #batches: BatchMerger
  readonly #pending: WorkerWindow[][]
  readonly #reporting = new Set<number>()

  constructor(workers: number, ids: IdBook, emit: (window: WorkerWindow) => void) {
    this.#emit = emit
    this.#batches = new BatchMerger(ids)
    this.#pending = Array.from({ length: workers }, () => [])
  }

  /** These report every second from now on, until they leave. */
  expect(workers: Iterable<number>): void {
    for (const worker of workers) this.#reporting.add(worker)
  }

  leave(worker: number): void {
    this.#reporting.delete(worker)
    this.#emitWhole()
  }

  add(worker: number, window: WorkerWindow): void {
    this.#pending[worker]?.push(window)
    this.#emitWhole()
  }

  /** All that is here, as one window. */
  flush(): void {
    this.#send(this.#pending.map((list) => list.splice(0)))
  }

  #emitWhole(): void {
    if (this.#reporting.size === 0) return
    while ([...this.#reporting].every((worker) => (this.#pending[worker]?.length ?? 0) > 0))
      this.#send(this.#pending.map((list) => list.splice(0, 1)))
    if (this.#pending.some((list) => list.length >= mostBehind)) this.flush()
  }

  #send(parts: readonly (readonly WorkerWindow[])[]): void {
    const windows = parts.flat()
    const newest = windows.reduce<WorkerWindow | undefined>(
      (best, window) => (best === undefined || window.unixMs >= best.unixMs ? window : best),
      undefined,
    )
    if (newest === undefined) return
    this.#emit({
      ...newest,
      batch: this.#batches.merge(parts.entries()),
      scenarios: mergeStates(windows),
      // Every worker sees the totals of all; these two only rise.
      iterationsCompleted: Math.max(...windows.map((window) => window.iterationsCompleted)),
      iterationsInterrupted: Math.max(...windows.map((window) => window.iterationsInterrupted)),
      health: parts.flatMap((list) => list.at(-1)?.health ?? []),
      errors: mergeErrors(windows),
      inputs: windows.flatMap((window) => window.inputs ?? []),
      data: windows.find((window) => window.data !== undefined)?.data ?? [],
    })
  }
}

/** The rows of several workers' windows as one batch, in ids of the run. */
export class BatchMerger {
  readonly #ids: IdBook
  readonly #told = new Announcements()

  constructor(ids: IdBook) {
    this.#ids = ids
  }

  /** @param parts  windows by their worker */
  merge(parts: Iterable<readonly [worker: number, windows: readonly WorkerWindow[]]>): WindowBatch {
    const rows = new Map<string, WindowRow>()
    for (const [worker, list] of parts) {
      for (const { batch } of list) {
        this.#ids.learn(worker, batch)
        for (const row of batch.rows) {
          const moved = { ...row, metric: this.#ids.metric(worker, row.metric), tags: this.#ids.tags(worker, row.tags) }
          const key = `${moved.metric} ${moved.tags}`
          const other = rows.get(key)
          rows.set(key, other === undefined ? moved : mergeRows(this.#ids.metrics[moved.metric], other, moved))
        }
      }
    }
    const list = [...rows.values()]
    return { ...this.#told.news(this.#ids, list), rows: list }
  }
}

/** Raw samples of several workers in ids of the run. */
export class SampleMerger {
  readonly #ids: IdBook
  readonly #told = new Announcements()

  constructor(ids: IdBook) {
    this.#ids = ids
  }

  merge(worker: number, batch: SampleBatch): SampleBatch {
    this.#ids.learn(worker, batch)
    const samples = batch.samples.map((sample) => ({
      ...sample,
      metric: this.#ids.metric(worker, sample.metric),
      tags: this.#ids.tags(worker, sample.tags),
    }))
    return { ...this.#told.news(this.#ids, samples), samples }
  }
}

/** Which id of the run each worker's ids stand for. */
export class IdBook {
  readonly metrics: Metric[] = []
  readonly #metricIds = new Map<string, number>()
  readonly tagSets: WindowBatch['tagSets'][number][] = []
  readonly #tagIds = new Map<string, number>()
  readonly #workers: { readonly metrics: number[]; readonly tags: Map<number, number> }[] = []

  learn(worker: number, { metrics, tagSets }: Pick<WindowBatch, 'metrics' | 'tagSets'>): void {
    const known = (this.#workers[worker] ??= { metrics: [], tags: new Map() })
    for (const metric of metrics) known.metrics[metric.id] = this.#metricId(metric)
    for (const { id, entries } of tagSets) known.tags.set(id, this.#tagsId(entries))
  }

  metric(worker: number, id: number): number {
    return known(this.#workers[worker]?.metrics[id])
  }

  tags(worker: number, id: number): number {
    return known(this.#workers[worker]?.tags.get(id))
  }

  #metricId(metric: Metric): number {
    // Ours live apart from the script's: both may use one name.
    const key = `${metric.own} ${metric.name}`
    let id = this.#metricIds.get(key)
    if (id === undefined) {
      id = this.metrics.length
      this.#metricIds.set(key, id)
      this.metrics.push({ ...metric, id })
    }
    return id
  }

  #tagsId(entries: WindowBatch['tagSets'][number]['entries']): number {
    const key = JSON.stringify(entries)
    let id = this.#tagIds.get(key)
    if (id === undefined) {
      id = this.tagSets.length
      this.#tagIds.set(key, id)
      this.tagSets.push({ id, entries })
    }
    return id
  }
}

/** What a reader was told already: metrics and tag sets are announced once, before their first row. */
class Announcements {
  #metrics = 0
  readonly #tagSets = new Set<number>()

  news(ids: IdBook, rows: readonly { readonly tags: number }[]): Pick<WindowBatch, 'metrics' | 'tagSets'> {
    const metrics = ids.metrics.slice(this.#metrics)
    this.#metrics = ids.metrics.length
    const tagSets: WindowBatch['tagSets'][number][] = []
    for (const { tags } of rows) {
      if (this.#tagSets.has(tags)) continue
      this.#tagSets.add(tags)
      tagSets.push(ids.tagSets[tags] as WindowBatch['tagSets'][number])
    }
    return { metrics, tagSets }
  }
}

function mergeRows(metric: Metric | undefined, a: WindowRow, b: WindowRow): WindowRow {
  if (metric?.type === 'trend') {
    const sketch = new Sketch(EXACT_LIMIT)
    sketch.mergeRow(a)
    sketch.mergeRow(b)
    return { metric: a.metric, tags: a.tags, ...sketch.toRow() }
  }
  return {
    ...a,
    count: a.count + b.count,
    sum: metric?.type === 'gauge' ? b.sum : a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  }
}

/** The numbers of a scenario are those of the whole instance whoever tells them; only its end is each worker's own. */
function mergeStates(windows: readonly WorkerWindow[]): ScenarioState[] {
  const states = new Map<string, ScenarioState>()
  for (const window of [...windows].sort((a, b) => a.unixMs - b.unixMs)) {
    for (const scenario of window.scenarios) {
      const other = states.get(scenario.name)
      const state =
        other === undefined || other.state === scenario.state ? scenario.state : ('running' as ScenarioState['state'])
      states.set(scenario.name, { ...scenario, state })
    }
  }
  return [...states.values()]
}

export function mergeErrors(windows: readonly Pick<WorkerWindow, 'errors'>[]): ErrorSample[] {
  const counts = new Map<string, number>()
  for (const { errors } of windows)
    for (const { message, count } of errors) counts.set(message, (counts.get(message) ?? 0) + count)
  return [...counts].map(([message, count]) => ({ message, count }))
}

function known(id: number | undefined): number {
  if (id === undefined) throw new Error('a window speaks of a metric or tag set that its worker never announced')
  return id
}
