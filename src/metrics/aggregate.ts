import { type Breakdown, type BreakdownPart, countCheck, partSink } from './breakdown.js'
import { CheckTree } from './checks.js'
import { damagedBatch } from './errors.js'
import type { MetricRegistry } from './registry.js'
import { type MetricSelector, parseSelector, selects } from './selector.js'
import { MetricSink } from './sink.js'
import { type InternedTagSet, TagRegistry } from './tags.js'
import type { Metric, WindowBatch, WindowRow } from './types.js'
import { MetricView, type ViewRange } from './view.js'

/** When a window was, in nanoseconds since the start of the run. */
export interface WindowTime {
  readonly fromNs: number
  readonly toNs: number
}

/** A metric, or a part of it by tags, as the summary lists it. */
export interface ObservedMetric {
  /** `http_req_duration`, `http_req_duration{status:200}`. */
  readonly name: string
  readonly metric: Metric
  readonly selector: MetricSelector | undefined
  readonly sink: MetricSink
  /** Had a sample, or a threshold, or a part of it had a threshold: shown in the summary. */
  observed: boolean
}

export interface AggregateOptions {
  readonly breakdowns?: readonly Breakdown[]
  /** Told once per doubling beyond 100,000 series, in k6's words. */
  readonly warn?: (message: string) => void
}

/** The coordinator's side of metrics: windows of any number of workers in, totals of the run out. */
export class MetricAggregate {
  readonly registry: MetricRegistry
  readonly checks: CheckTree = new CheckTree()
  readonly breakdowns: readonly Breakdown[]
  readonly #warn: (message: string) => void
  readonly #tags: TagRegistry = new TagRegistry()
  readonly #sources = new Map<string, Source>()
  /** By metric id. */
  readonly #totals: ObservedMetric[] = []
  readonly #submetrics = new Map<Metric, ObservedMetric[]>()
  readonly #views = new Map<Metric, MetricView[]>()
  #seriesSeen = 0
  #seriesLimit = 100_000

  constructor(registry: MetricRegistry, options: AggregateOptions = {}) {
    this.registry = registry
    this.breakdowns = options.breakdowns ?? []
    this.#warn = options.warn ?? (() => {})
    // k6 always has this one; it is shown when any response was judged.
    const duration = registry.get('http_req_duration')
    if (duration !== undefined) this.submetric(duration, parseSelector('http_req_duration{expected_response:true}'))
  }

  /**
   * Takes in one window of one worker.
   * @param source  the worker; ids of tag sets mean something only within it
   * @throws PW_METRIC_BATCH when a row speaks of a metric or tag set that was never announced
   */
  merge(batch: WindowBatch, time: WindowTime, source = ''): void {
    let known = this.#sources.get(source)
    if (known === undefined) {
      known = { metrics: [], tagSets: new Map(), cells: [] }
      this.#sources.set(source, known)
    }
    for (const metric of batch.metrics) known.metrics[metric.id] = this.#adopt(metric)
    for (const set of batch.tagSets) known.tagSets.set(set.id, this.#tags.intern(set.entries))
    for (const row of batch.rows) mergeInto(this.#cell(known, row), row, time)
    if (this.#seriesSeen > this.#seriesLimit) this.#warnOfSeries()
  }

  /** The total of a metric; made empty when it had no sample yet. */
  total(metric: Metric): ObservedMetric {
    let total = this.#totals[metric.id]
    if (total === undefined) {
      total = { name: metric.name, metric, selector: undefined, sink: new MetricSink(metric.type), observed: false }
      this.#totals[metric.id] = total
    }
    return total
  }

  /** The total of a part of a metric from now on; call it before the first `merge`. Equal tags give the same part. */
  submetric(metric: Metric, selector: MetricSelector): ObservedMetric {
    const parts = this.#submetrics.get(metric) ?? []
    this.#submetrics.set(metric, parts)
    let part = parts.find((known) => sameTags(known.selector!, selector))
    if (part === undefined) {
      const name = `${metric.name}{${selector.suffix ?? ''}}`
      part = { name, metric, selector, sink: new MetricSink(metric.type), observed: false }
      parts.push(part)
    }
    return part
  }

  /** A metric (or a part of it) over a stretch of the run only; call it before the first `merge`. */
  view(metric: Metric, selector: MetricSelector | undefined, range: ViewRange): MetricView {
    const view = new MetricView(metric.type, selector?.tags ?? [], range)
    const views = this.#views.get(metric) ?? []
    this.#views.set(metric, views)
    views.push(view)
    return view
  }

  /** Metrics and parts to show, each metric followed by its parts, in the order of definition. */
  observed(): readonly ObservedMetric[] {
    return this.registry.all
      .flatMap((metric) => [this.total(metric), ...(this.#submetrics.get(metric) ?? [])])
      .filter((entry) => entry.observed)
  }

  #adopt(metric: Metric): Metric {
    if (metric.own) return this.registry.defineOwn(metric.name, metric.type, metric.contains)
    return this.registry.define(metric.name, metric.type, metric.contains)
  }

  #cell(source: Source, row: WindowRow): Cell {
    const byTags = (source.cells[row.metric] ??= [])
    let cell = byTags[row.tags]
    if (cell === undefined) {
      const metric = source.metrics[row.metric]
      const tags = source.tagSets.get(row.tags)
      if (metric === undefined) throw damagedBatch(`metric ${row.metric} was never announced`)
      if (tags === undefined) throw damagedBatch(`tag set ${row.tags} was never announced`)
      cell = this.#newCell(metric, tags)
      byTags[row.tags] = cell
      this.#seriesSeen++
    }
    return cell
  }

  #newCell(metric: Metric, tags: InternedTagSet): Cell {
    const entries = [
      this.total(metric),
      ...(this.#submetrics.get(metric) ?? []).filter((part) => selects(part.selector!.tags, tags)),
    ]
    for (const entry of entries) entry.observed = true
    const parts = this.breakdowns.map((breakdown) => breakdown.part(tags)).filter((part) => part !== undefined)
    return {
      metric,
      tags,
      sinks: [...entries.map((entry) => entry.sink), ...parts.map((part) => partSink(part, metric))],
      views: (this.#views.get(metric) ?? []).filter((view) => selects(view.tags, tags)),
      tree: metric.name === 'checks' || metric.name === 'group_duration' ? this.checks : undefined,
      checkParts: metric.name === 'checks' && tags.get('check') !== undefined ? parts : [],
    }
  }

  #warnOfSeries(): void {
    this.#warn(
      `The test has generated metrics with ${this.#seriesSeen} unique time series, which is higher than the suggested ` +
        'limit of 100000 and could cause high memory usage. Consider not using high-cardinality values like unique IDs ' +
        'as metric tags or, if you need them in the URL, use the name metric tag or URL grouping. See ' +
        'https://grafana.com/docs/k6/latest/using-k6/tags-and-groups/ for details.',
    )
    this.#seriesLimit *= 2
  }
}

interface Source {
  readonly metrics: Metric[]
  readonly tagSets: Map<number, InternedTagSet>
  /** By the source's metric id, then by its tag set id. */
  readonly cells: Cell[][]
}

/** Where the rows of one series go. */
interface Cell {
  readonly metric: Metric
  readonly tags: InternedTagSet
  readonly sinks: readonly MetricSink[]
  readonly views: readonly MetricView[]
  readonly tree: CheckTree | undefined
  readonly checkParts: readonly BreakdownPart[]
}

function mergeInto(cell: Cell, row: WindowRow, time: WindowTime): void {
  for (const sink of cell.sinks) sink.mergeRow(row)
  for (const view of cell.views) view.mergeRow(row, time)
  cell.tree?.mergeRow(cell.metric.name, cell.tags, row)
  for (const part of cell.checkParts) countCheck(part, cell.tags.get('check') ?? '', row)
}

function sameTags(a: MetricSelector, b: MetricSelector): boolean {
  return a.tags.length === b.tags.length && a.tags.every(([k, v]) => b.tags.some(([l, w]) => k === l && v === w))
}
