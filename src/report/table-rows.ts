import type { RunRecord } from '#record/index.js'
import type { Metric, WindowRow } from '#metrics/types.js'
import { MetricSink } from '#metrics/index.js'
import { RELATIVE_ERROR } from '#stats/index.js'

export type Cell = string | number | undefined

/**
 * A record as a table, its head first: one row per metric and tag set over the whole run, after one per metric over all
 * of its tag sets (`scope` tells them apart); with `series`, one per window, metric and tag set. Each tag has a column;
 * what a row has no value for is undefined.
 */
export async function* tableRows(record: RunRecord, series: boolean): AsyncGenerator<readonly (readonly Cell[])[]> {
  const keys = await tagKeys(record)
  const columns = keys.map((key) => `tag_${key}`)
  if (series) {
    yield [['from_s', 'to_s', 'unix_ms', 'source', ...HEAD, ...columns]]
    const metrics = new Map<number, Metric>()
    const tags = new Map<number, Readonly<Record<string, string>>>()
    for await (const { batch, fromNs, toNs, unixMs, source } of record.windows()) {
      for (const metric of batch.metrics) metrics.set(metric.id, metric)
      for (const { id, entries } of batch.tagSets) tags.set(id, Object.fromEntries(entries))
      const when = [fromNs / 1e9, toNs / 1e9, unixMs, source]
      yield batch.rows.map((row) => [
        ...when,
        ...metricCells(metrics.get(row.metric) as Metric, sinkOf(row, metrics), (toNs - fromNs) / 1e9),
        ...tagCells(keys, tags.get(row.tags)),
      ])
    }
    return
  }
  const durationS = record.durationNs / 1e9
  const [whole = [], parts = []] = await record.totalsOfEach([{}, { by: 'all' }])
  yield [['scope', ...HEAD, ...columns]]
  yield whole.map(({ metric, sink }) => ['total', ...metricCells(metric, sink, durationS), ...tagCells(keys, {})])
  yield parts.map(({ metric, tags, sink }) => [
    'tags',
    ...metricCells(metric, sink, durationS),
    ...tagCells(keys, tags),
  ])
}

const HEAD = [
  'metric',
  'type',
  'unit',
  'count',
  'sum',
  'per_s',
  'ratio',
  'value',
  'avg',
  'min',
  'med',
  'p90',
  'p95',
  'p99',
  'p99_9',
  'max',
  'relative_error',
]

function metricCells(metric: Metric, sink: MetricSink, durationS: number): Cell[] {
  const { type, contains, name } = metric
  const { sketch, count, sum } = sink
  const isTrend = type === 'trend'
  const q = (quantile: number): number | undefined => (isTrend ? sketch.quantile(quantile) : undefined)
  const range = isTrend || type === 'gauge'
  return [
    name,
    type,
    contains === 'time' ? 'ms' : contains === 'data' ? 'bytes' : '1',
    count,
    type === 'counter' || isTrend ? sum : undefined,
    type === 'counter' && durationS > 0 ? sum / durationS : undefined,
    type === 'rate' ? sum / count : undefined,
    type === 'gauge' ? sum : undefined,
    isTrend ? sketch.mean() : undefined,
    range ? sink.min : undefined,
    q(0.5),
    q(0.9),
    q(0.95),
    q(0.99),
    q(0.999),
    range ? sink.max : undefined,
    isTrend ? (sketch.exact ? 0 : RELATIVE_ERROR) : undefined,
  ]
}

function sinkOf(row: WindowRow, metrics: ReadonlyMap<number, Metric>): MetricSink {
  const sink = new MetricSink(metrics.get(row.metric)?.type ?? 'gauge')
  sink.mergeRow(row)
  return sink
}

async function tagKeys(record: RunRecord): Promise<string[]> {
  const keys = new Set<string>()
  for await (const { batch } of record.windows())
    for (const { entries } of batch.tagSets) for (const [key] of entries) keys.add(key)
  return [...keys].sort()
}

function tagCells(keys: readonly string[], tags: Readonly<Record<string, string>> = {}): Cell[] {
  return keys.map((key) => (Object.hasOwn(tags, key) ? tags[key] : undefined))
}
