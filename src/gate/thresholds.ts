/**
 * Thresholds: parsed and checked against the metrics before the run, judged over the whole run so far while it lasts, and
 * once more at its end. Rules and words are k6's (v2.2), so that the same script gives the same verdict.
 */
import type { Options, ThresholdSpec } from '#config/types.js'
import {
  type Metric,
  type MetricAggregate,
  type MetricRegistry,
  type MetricSelector,
  type MetricSink,
  type MetricType,
  type MetricView,
  type ObservedMetric,
  parseSelector,
} from '#metrics/index.js'
import { invalidThreshold, unknownThresholdMetric } from './errors.js'
import { type AggregationMethod, holds, parseExpression, type ThresholdExpression } from './expression.js'

/** How often a run under way is judged. */
export const THRESHOLD_PERIOD_NS = 2_000_000_000

export interface CompiledThreshold {
  readonly spec: ThresholdSpec
  readonly expression: ThresholdExpression
}

/** All thresholds of one metric, or of a part of it. */
export interface MetricThresholds {
  /** The key as it stands in the script. */
  readonly key: string
  readonly metric: Metric
  readonly selector: MetricSelector | undefined
  readonly thresholds: readonly CompiledThreshold[]
}

/**
 * Checks every threshold against k6's grammar and the metrics that exist after the init context.
 * @throws PW_THRESHOLD_INVALID, PW_THRESHOLD_METRIC, PW_METRIC_SELECTOR: exit code 104, k6's words, the first problem
 */
export function compileThresholds(
  thresholds: Options['thresholds'],
  metrics: MetricRegistry,
): readonly MetricThresholds[] {
  return Object.entries(thresholds).map(([key, specs]) => compile(key, specs, metrics))
}

export interface ThresholdResult {
  /** As it stands in the script. */
  readonly source: string
  /** What is aggregated, as it was written: `p(95)`. */
  readonly aggregation: string
  readonly ok: boolean
  /** What the aggregation gave; undefined when there was nothing to aggregate, which passes. */
  readonly value: number | undefined
  readonly spec: ThresholdSpec
}

export interface MetricThresholdResults {
  /** `http_req_duration{status:200}`. */
  readonly name: string
  readonly metric: Metric
  readonly results: readonly ThresholdResult[]
}

export interface ThresholdVerdict {
  /** Names of metrics with a threshold that does not hold, sorted. */
  readonly breached: readonly string[]
  /** A breached one has abortOnFail, and its delay is over. */
  readonly shouldAbort: boolean
  readonly results: readonly MetricThresholdResults[]
}

/** Judges the thresholds of one run. */
export class ThresholdGate {
  readonly #judges: readonly Judge[]
  #last: ThresholdVerdict

  /** Call before the first window is merged: parts of metrics are counted from here on. */
  constructor(compiled: readonly MetricThresholds[], aggregate: MetricAggregate) {
    this.#judges = compiled.map((entry) => {
      const { metric, selector } = entry
      const observed = selector === undefined ? aggregate.total(metric) : aggregate.submetric(metric, selector)
      // Shown in the summary with or without samples, and its parent with it.
      observed.observed = true
      aggregate.total(metric).observed = true
      const views = entry.thresholds.map(({ spec }) =>
        spec.excludeFirstNs > 0 || spec.windowNs !== undefined ? aggregate.view(metric, selector, spec) : undefined,
      )
      return { entry, observed, views, failed: entry.thresholds.map(() => false), abort: false }
    })
    this.#last = this.#verdict([])
  }

  get isEmpty(): boolean {
    return this.#judges.length === 0
  }

  /** The last verdict; before any, everything holds. */
  get last(): ThresholdVerdict {
    return this.#last
  }

  /**
   * Judges the run as it stands.
   * @param elapsedNs  since the start of the run, for rates per second and delayAbortEval
   * @param final      at the end of the run metrics without a sample are judged too: as 0, save rates, which pass
   */
  evaluate(elapsedNs: number, final: boolean): ThresholdVerdict {
    const breached: string[] = []
    for (const judge of this.#judges) {
      if (!final && judge.observed.sink.isEmpty) continue
      if (!judgeMetric(judge, elapsedNs, final)) breached.push(judge.observed.name)
    }
    this.#last = this.#verdict(breached.sort(), elapsedNs)
    return this.#last
  }

  #verdict(breached: readonly string[], elapsedNs = 0): ThresholdVerdict {
    return {
      breached,
      shouldAbort: this.#judges.some((judge) => judge.abort && breached.includes(judge.observed.name)),
      results: this.#judges.map((judge) => ({
        name: judge.observed.name,
        metric: judge.entry.metric,
        results: judge.entry.thresholds.map((threshold, i) => ({
          source: threshold.spec.threshold,
          aggregation: threshold.expression.label,
          ok: !judge.failed[i],
          value: measured(judge, i, elapsedNs),
          spec: threshold.spec,
        })),
      })),
    }
  }
}

/** What k6 logs when a run ends with breached thresholds. */
export function crossedMessage(breached: readonly string[]): string {
  return `thresholds on metrics '${breached.join(', ')}' have been crossed`
}

/** What k6 logs when a threshold with abortOnFail stops the run. */
export function abortMessage(breached: readonly string[]): string {
  return (
    `thresholds on metrics '${breached.join(', ')}' were crossed; at least one has abortOnFail enabled, stopping test ` +
    'prematurely'
  )
}

interface Judge {
  readonly entry: MetricThresholds
  readonly observed: ObservedMetric
  /** For thresholds that look at a stretch of the run only. */
  readonly views: readonly (MetricView | undefined)[]
  readonly failed: boolean[]
  /** Once true it stays: the run is being stopped. */
  abort: boolean
}

function judgeMetric(judge: Judge, elapsedNs: number, final: boolean): boolean {
  let allHold = true
  judge.entry.thresholds.forEach(({ expression, spec }, i) => {
    const view = judge.views[i]
    // A stretch that has no sample yet is no reason to stop a run that has.
    const nothingYet = !final && view !== undefined && view.sink(elapsedNs).isEmpty
    const value = nothingYet ? undefined : measured(judge, i, elapsedNs)
    const ok = value === undefined || holds(value, expression.operator, expression.value)
    judge.failed[i] = !ok
    if (ok) return
    allHold = false
    if (spec.abortOnFail && spec.delayAbortEvalNs < elapsedNs) judge.abort = true
  })
  return allHold
}

/** Undefined when there is nothing to divide by. */
function measured(judge: Judge, i: number, elapsedNs: number): number | undefined {
  const view = judge.views[i]
  const sink = view === undefined ? judge.observed.sink : view.sink(elapsedNs)
  const durationNs = view === undefined ? elapsedNs : view.durationNs(elapsedNs)
  return aggregated(sink, judge.entry.thresholds[i]!.expression, durationNs / 1e9)
}

function aggregated(sink: MetricSink, expression: ThresholdExpression, durationS: number): number | undefined {
  const { method, percentile } = expression.aggregation
  switch (method) {
    case 'count':
    case 'value':
      return sink.sum
    case 'rate':
      if (sink.type === 'rate') return sink.count > 0 ? sink.sum / sink.count : undefined
      return durationS > 0 ? sink.sum / durationS : undefined
    case 'min':
      return sink.min
    case 'max':
      return sink.max
    case 'avg':
      return sink.sketch.mean() ?? 0
    case 'med':
      return sink.sketch.quantile(0.5) ?? 0
    case 'p':
      return sink.sketch.quantile(percentile / 100) ?? 0
  }
}

const METHODS_OF: Record<MetricType, readonly AggregationMethod[]> = {
  counter: ['count', 'rate'],
  gauge: ['value'],
  rate: ['rate'],
  trend: ['avg', 'min', 'max', 'med', 'p'],
}

function compile(key: string, specs: readonly ThresholdSpec[], metrics: MetricRegistry): MetricThresholds {
  const thresholds = specs.map((spec) => {
    const expression = parseExpression(spec.threshold)
    if ('problem' in expression) throw invalidThreshold(key, expression.problem)
    return { spec, expression }
  })
  const parsed = parseSelector(key)
  const metric = metrics.get(parsed.metric)
  if (metric === undefined) {
    throw unknownThresholdMetric(
      key,
      `invalid threshold defined on ${key}; reason: no metric name ${JSON.stringify(key)} found`,
    )
  }
  for (const { spec, expression } of thresholds) {
    const { method } = expression.aggregation
    const supported = METHODS_OF[metric.type]
    if (supported.includes(method)) continue
    throw invalidThreshold(
      key,
      `invalid threshold ${JSON.stringify(spec.threshold)} applied on metric ${key}; reason: unsupported aggregation ` +
        `method ${method} on metric of type ${metric.type}. supported aggregation methods for this metric are: ` +
        supported.join(', '),
    )
  }
  return { key, metric, selector: parsed.suffix === undefined ? undefined : parsed, thresholds }
}
