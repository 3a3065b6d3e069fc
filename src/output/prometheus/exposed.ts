/**
 * Measurements as Prometheus series: k6's under k6's names, ours beside them with the prefix `perfwright_`.
 * Source of the names: grafana.com/docs/k6, "Prometheus remote write"; compared with what k6 2.2 sends.
 */
import { MetricSink } from '#metrics/index.js'
import { parseTrendStat, trendStatOf } from '#metrics/trend-stat.js'
import type { Metric } from '#metrics/types.js'
import type { Sketch } from '#stats/index.js'
import { outputNotCreated } from '../errors.js'
import type { BookedSeries } from '../series-book.js'
import type { OutputTags, RunState } from '../types.js'
import { NativeHistogram } from './native-histogram.js'

export type PrometheusTotal = MetricSink | NativeHistogram

/** One value of one series. */
export interface ExposedValue {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly value: number
}

/** A column of a trend: what follows the name, and how the value is found. */
export interface TrendColumn {
  readonly suffix: string
  readonly of: (sketch: Sketch) => number
}

/**
 * @param stats   `p(99)`, `avg`, ..., `sum`
 * @throws PW_OUTPUT_CREATE in k6's words
 */
export function trendColumns(output: string, stats: readonly string[]): readonly TrendColumn[] {
  return stats.map((stat) => {
    if (stat === 'sum') return { suffix: 'sum', of: (sketch) => sketch.sum }
    try {
      const parsed = parseTrendStat(stat)
      // `p(99.9)` is the series `..._p999`, as in k6.
      const suffix = stat.startsWith('p(') ? `p${stat.slice(2, -1).replaceAll('.', '')}` : stat
      return { suffix, of: (sketch) => trendStatOf(sketch, parsed) }
    } catch (error) {
      throw outputNotCreated(output, (error as Error).message, error)
    }
  })
}

/** The total that a metric needs. */
export function totalFor(metric: Metric, asHistogram: boolean): PrometheusTotal {
  return metric.type === 'trend' && asHistogram
    ? new NativeHistogram(metric.contains === 'time' ? 0.001 : 1)
    : new MetricSink(metric.type)
}

/** The values of a series that is no native histogram. */
export function exposedValues(
  { metric, total }: BookedSeries<PrometheusTotal>,
  columns: readonly TrendColumn[],
): readonly ExposedValue[] {
  if (total instanceof NativeHistogram) return []
  const name = prometheusName(metric)
  switch (metric.type) {
    case 'counter':
      return [{ name: `${name}_total`, type: 'counter', value: total.sum }]
    case 'gauge':
      return [{ name, type: 'gauge', value: total.sum }]
    case 'rate':
      return [{ name: `${name}_rate`, type: 'gauge', value: total.sum / total.count }]
    case 'trend':
      return columns.map(({ suffix, of }) => {
        // k6 takes even a count of times for a time, and dashboards have learned to live with that.
        const isTime = metric.contains === 'time' && !(metric.own && suffix === 'count')
        const value = isTime ? of(total.sketch) / 1000 : of(total.sketch)
        return { name: `${name}_${suffix}`, type: 'gauge', value }
      })
  }
}

/** Name of a native histogram, with the base unit. */
export function histogramName(metric: Metric): string {
  const unit = metric.contains === 'time' ? '_seconds' : metric.contains === 'data' ? '_bytes' : ''
  return prometheusName(metric) + unit
}

function prometheusName(metric: Metric): string {
  return `${metric.own ? 'perfwright_' : 'k6_'}${metric.name}`
}

export interface StateValue extends ExposedValue {
  readonly labels: readonly (readonly [name: string, value: string])[]
}

/** What the run knows of itself, as series. */
export function stateValues(state: RunState): readonly StateValue[] {
  const values: StateValue[] = []
  const add = (type: StateValue['type'], name: string, value: number, labels: StateValue['labels'] = []): void =>
    void values.push({ name: `perfwright_${name}`, type, value, labels })
  for (const { name, askedPerS, started, dropped } of state.scenarios) {
    const labels = [['scenario', name]] as const
    if (askedPerS !== undefined) add('gauge', 'scenario_asked_iterations_per_second', askedPerS, labels)
    add('counter', 'scenario_iterations_started_total', started, labels)
    add('counter', 'scenario_iterations_dropped_total', dropped, labels)
  }
  for (const [name, value] of Object.entries(state.injector)) {
    if (value === undefined) continue
    const [, reading, thread] = /^(.*)_(\d+)$/.exec(name) ?? []
    if (reading !== undefined && thread !== undefined)
      add('gauge', `injector_thread_${reading}`, value, [['thread', thread]])
    else if (name.endsWith('_ms')) add('gauge', `injector_${name.slice(0, -3)}_seconds`, value / 1000)
    else add('gauge', `injector_${name}`, value)
  }
  add('counter', 'iteration_errors_total', state.iterationErrors)
  for (const { metric, source, ok, value } of state.thresholds) {
    const labels = [
      ['metric', metric],
      ['threshold', source],
    ] as const
    add('gauge', 'threshold_ok', ok ? 1 : 0, labels)
    if (value !== undefined) add('gauge', 'threshold_value', value, labels)
  }
  return values
}

/** Label pairs with the name, in the order that remote write asks for; k6 leaves out what is empty. */
export function labelsOf(name: string, tags: OutputTags['entries']): readonly (readonly [string, string])[] {
  const labels: (readonly [string, string])[] = [[NAME, name]]
  for (const entry of tags) if (entry[0] !== '' && entry[1] !== '' && entry[0] !== NAME) labels.push(entry)
  return labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

const NAME = '__name__'
