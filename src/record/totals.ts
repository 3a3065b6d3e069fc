import { type GroupNode, type Metric, type MetricAggregate, type MetricSink } from '#metrics/index.js'
import { RELATIVE_ERROR } from '#stats/index.js'
import type { CheckGroup, MetricTotal, RunTotals } from './types.js'

/** Columns that every trend of a record has, whatever the run was to print. */
export const RECORD_TREND_STATS: readonly string[] = [
  'avg',
  'min',
  'med',
  'max',
  'p(90)',
  'p(95)',
  'p(99)',
  'p(99.9)',
  'count',
]

/** Totals of every metric and part that the run had or has thresholds on. */
export function totalsOf(aggregate: MetricAggregate, durationS: number, trendStats: readonly string[] = []): RunTotals {
  const stats = [...new Set([...RECORD_TREND_STATS, ...trendStats])]
  return {
    metrics: aggregate.observed().map(({ name, metric, sink }) => metricTotal(name, metric, sink, durationS, stats)),
  }
}

export function metricTotal(
  name: string,
  metric: Metric,
  sink: MetricSink,
  durationS: number,
  stats: readonly string[] = RECORD_TREND_STATS,
): MetricTotal {
  return {
    name,
    type: metric.type,
    contains: metric.contains,
    unit: unitOf(metric),
    own: metric.own,
    count: sink.count,
    relativeError: metric.type !== 'trend' ? null : sink.sketch.exact ? 0 : RELATIVE_ERROR,
    values: sink.values(durationS, stats),
  }
}

export function checksOf(aggregate: MetricAggregate): CheckGroup {
  return checkGroup(aggregate.checks.root)
}

function checkGroup(node: GroupNode): CheckGroup {
  return {
    name: node.name,
    path: node.path,
    checks: [...node.checks.values()].map(({ name, passes, fails }) => ({ name, passes, fails })),
    groups: [...node.groups.values()].map(checkGroup),
  }
}

function unitOf(metric: Metric): MetricTotal['unit'] {
  return metric.contains === 'time' ? 'ms' : metric.contains === 'data' ? 'bytes' : '1'
}
