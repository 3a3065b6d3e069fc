import type { CheckCount } from './checks.js'
import { MetricSink } from './sink.js'
import type { Metric, TagSet, WindowRow } from './types.js'

/** By what a run's totals may be split: `--summary-by endpoint`, or any tag: `--summary-by tag:region`. */
export type BreakdownBy = 'endpoint' | 'scenario' | 'group' | 'stage' | `tag:${string}`

export interface BreakdownPart {
  readonly key: string
  /** By metric, in the order in which they had their first sample. */
  readonly metrics: Map<Metric, MetricSink>
  readonly checks: Map<string, CheckCount>
}

/** Everything beyond the bound stands under this key. */
export const OTHER_KEY = '(other)'

/** Totals per value of one property of the samples, bounded in number; no thresholds needed. */
export class Breakdown {
  readonly by: string
  /** In the order in which the keys were first seen. */
  readonly parts: Map<string, BreakdownPart> = new Map()
  readonly #keyOf: (tags: TagSet) => string | undefined
  readonly #maxKeys: number

  /** @param keyOf  undefined leaves the sample out */
  constructor(by: string, keyOf: (tags: TagSet) => string | undefined, maxKeys = 200) {
    this.by = by
    this.#keyOf = keyOf
    this.#maxKeys = maxKeys
  }

  /** Where samples with these tags belong; undefined when nowhere. */
  part(tags: TagSet): BreakdownPart | undefined {
    const wanted = this.#keyOf(tags)
    if (wanted === undefined) return undefined
    const key = this.parts.has(wanted) || this.parts.size < this.#maxKeys ? wanted : OTHER_KEY
    let part = this.parts.get(key)
    if (part === undefined) {
      part = { key, metrics: new Map(), checks: new Map() }
      this.parts.set(key, part)
    }
    return part
  }

  /** True when some keys went to `OTHER_KEY`. */
  get overflowed(): boolean {
    return this.parts.has(OTHER_KEY)
  }
}

/** The total of one metric in a part. */
export function partSink(part: BreakdownPart, metric: Metric): MetricSink {
  let sink = part.metrics.get(metric)
  if (sink === undefined) {
    sink = new MetricSink(metric.type)
    part.metrics.set(metric, sink)
  }
  return sink
}

/** Counts a row of `checks` under its check's name. */
export function countCheck(part: BreakdownPart, name: string, row: Pick<WindowRow, 'count' | 'sum'>): void {
  let count = part.checks.get(name)
  if (count === undefined) {
    count = { name, passes: 0, fails: 0 }
    part.checks.set(name, count)
  }
  count.passes += row.sum
  count.fails += row.count - row.sum
}

/** What `--summary-by` may name; undefined for anything else. */
export function parseBreakdownBy(text: string): BreakdownBy | undefined {
  if (text === 'endpoint' || text === 'scenario' || text === 'group' || text === 'stage') return text
  return text.length > 'tag:'.length && text.startsWith('tag:') ? (text as BreakdownBy) : undefined
}

/** The breakdown that `--summary-by` names. */
export function breakdownBy(by: BreakdownBy): Breakdown {
  switch (by) {
    case 'endpoint':
      return new Breakdown(by, endpointOf)
    case 'group':
      return new Breakdown(by, (tags) => {
        const path = tags.get('group')
        return path === '' ? '(no group)' : path
      })
    case 'scenario':
    case 'stage':
      return new Breakdown(by, (tags) => tags.get(by))
    default: {
      const tag = by.slice('tag:'.length)
      return new Breakdown(by, (tags) => tags.get(tag))
    }
  }
}

/** Method and name (the `name` tag, else the URL), as k6 groups requests. */
function endpointOf(tags: TagSet): string | undefined {
  return endpointName({ method: tags.get('method'), name: tags.get('name') ?? tags.get('url') })
}

/** How an endpoint is called in tables: people name requests `GET /orders` already, and then no method is put before it. */
export function endpointName(of: {
  readonly method: string | undefined
  readonly name: string | undefined
}): string | undefined {
  const { method, name } = of
  return method === undefined || name === undefined || name.startsWith(`${method} `) ? name : `${method} ${name}`
}
