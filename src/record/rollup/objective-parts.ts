/**
 * What a threshold's metric and tags had, stretch by stretch: how much the stretches of one run differ tells how far its
 * value may be trusted. Stretches are doubled when there are too many, so the run's length need not be known before.
 */
import { isObject, readDuration, Reading } from '#config/values.js'
import { type Metric, MetricSink, parseSelector } from '#metrics/index.js'
import type { SeriesWindow } from '../series-reader.js'
import type { ObjectiveParts } from './types.js'

/** Stretches of a run. */
export const MAX_PARTS = 60

/** What is cut into stretches: a metric with tags, from a moment on. */
export interface Objective {
  /** `http_req_duration{name:/cart}` */
  readonly metric: string
  readonly excludeFirstS: number
}

export function objectiveKey({ metric, excludeFirstS }: Objective): string {
  return `${excludeFirstS} ${metric}`
}

/** What the options' thresholds are about, each once; those that look at the last stretch alone are left out. */
export function objectivesIn(options: Readonly<Record<string, unknown>>): readonly Objective[] {
  const all = options['thresholds']
  const found = new Map<string, Objective>()
  for (const [metric, specs] of isObject(all) ? Object.entries(all) : []) {
    for (const spec of Array.isArray(specs) ? specs : [specs]) {
      const { excludeFirstS, windowS } = stretchOfSpec(spec)
      if (windowS !== undefined) continue
      const objective = { metric, excludeFirstS }
      found.set(objectiveKey(objective), objective)
    }
  }
  return [...found.values()]
}

/** perfwright's own keys of a threshold, as the options of a record have them. */
export function stretchOfSpec(spec: unknown): {
  readonly excludeFirstS: number
  readonly windowS: number | undefined
} {
  if (!isObject(spec)) return { excludeFirstS: 0, windowS: undefined }
  return { excludeFirstS: seconds(spec['excludeFirst']) ?? 0, windowS: seconds(spec['window']) }
}

export class ObjectiveReader {
  readonly #metricName: string
  readonly #tags: readonly (readonly [string, string])[]
  readonly #fromNs: number
  readonly #sinks = new Map<number, MetricSink>()
  readonly #tagSets = new Map<number, boolean>()
  #metric: Metric | undefined
  #partNs = 1e9

  constructor({ metric, excludeFirstS }: Objective) {
    const selector = selectorOf(metric)
    this.#metricName = selector.metric
    this.#tags = selector.tags
    this.#fromNs = excludeFirstS * 1e9
  }

  add({ batch, fromNs }: SeriesWindow): void {
    this.#metric ??= batch.metrics.find(({ name }) => name === this.#metricName)
    for (const { id, entries } of batch.tagSets) {
      const has = new Map(entries)
      this.#tagSets.set(
        id,
        this.#tags.every(([key, value]) => has.get(key) === value),
      )
    }
    if (this.#metric === undefined || fromNs < this.#fromNs) return
    let sink: MetricSink | undefined
    for (const row of batch.rows) {
      if (row.metric !== this.#metric.id || this.#tagSets.get(row.tags) !== true) continue
      sink ??= this.#sinkAt(fromNs - this.#fromNs, this.#metric)
      sink.mergeRow(row)
    }
  }

  /** Undefined when the run had no such metric. */
  parts(): ObjectiveParts | undefined {
    if (this.#metric === undefined) return undefined
    return { metric: this.#metric, sinks: [...this.#sinks].sort(([a], [b]) => a - b).map(([, sink]) => sink) }
  }

  #sinkAt(ns: number, { type }: Metric): MetricSink {
    while (Math.floor(ns / this.#partNs) >= MAX_PARTS) this.#double(type)
    const at = Math.floor(ns / this.#partNs)
    let sink = this.#sinks.get(at)
    if (sink === undefined) this.#sinks.set(at, (sink = new MetricSink(type)))
    return sink
  }

  #double(type: Metric['type']): void {
    this.#partNs *= 2
    const before = [...this.#sinks].sort(([a], [b]) => a - b)
    this.#sinks.clear()
    for (const [at, sink] of before) {
      const half = at >> 1
      const into = this.#sinks.get(half)
      if (into === undefined) this.#sinks.set(half, sink)
      else into.mergeRow(rowOf(sink, type))
    }
  }
}

/** A sink as the row that it came of. */
export function rowOf(
  { count, sum, min, max, sketch }: MetricSink,
  type: Metric['type'],
): Parameters<MetricSink['mergeRow']>[0] {
  return type === 'trend' ? { ...sketch.toRow(), count, sum, min, max } : { count, sum, min, max }
}

function selectorOf(key: string): { readonly metric: string; readonly tags: readonly (readonly [string, string])[] } {
  try {
    return parseSelector(key)
  } catch {
    // A damaged record: such a metric has no samples.
    return { metric: key, tags: [] }
  }
}

function seconds(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined
  const ns = readDuration(value, new Reading('', []))
  return ns === undefined ? undefined : ns / 1e9
}
