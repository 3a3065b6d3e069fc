/** Runs of real k6 v2.2 on a small server: every sample (`--out json`) beside what k6 made of them. */
import { readFileSync } from 'node:fs'
import {
  defineBuiltinMetrics,
  type MetricType,
  MetricAggregate,
  MetricRegistry,
  MetricStore,
  TagRegistry,
  type ValueKind,
} from '#metrics/index.js'
import { fullModeBreakdowns, type RunSummary, type SummaryThresholds, summarize } from '../model.js'

export interface K6Run {
  readonly metrics: Record<string, [MetricType, ValueKind]>
  readonly tagSets: Record<string, string>[]
  readonly durationMs?: number
  readonly text?: string
  readonly data?: { state: { testRunDurationMs: number }; metrics: Record<string, unknown> }
  readonly export?: unknown
  readonly machine?: {
    config: { duration: number }
    metadata: { generated_at: string }
    results: { metrics: { name: string }[] }
  }
}

/** The thresholds of the script behind the runs, with the verdicts that k6 gave. */
const THRESHOLDS: Record<string, readonly (readonly [source: string, ok: boolean])[]> = {
  http_req_duration: [
    ['p(95)<500', true],
    ['avg<1', false],
    ['p(99.9) < 300', true],
    ['max<1000', true],
  ],
  'http_req_duration{status:500}': [['p(99)<100', true]],
  'http_req_duration{name:nope}': [['p(99)<100', true]],
  my_counter: [
    ['count>1', true],
    ['rate<0.001', false],
  ],
  my_gauge: [['value>=0', true]],
  my_rate: [['rate>0.9', false]],
  unused: [['avg<5', true]],
  checks: [['rate>0.5', true]],
  data_sent: [['count<100', false]],
  'http_req_failed{scenario:one}': [['rate<0.01', false]],
}

export function readRun(name: string): { readonly run: K6Run; readonly summary: RunSummary } {
  const [head = '', ...lines] = readFileSync(new URL(`${name}.ndjson`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const run = JSON.parse(head) as K6Run
  const durationMs =
    run.durationMs ??
    run.data?.state.testRunDurationMs ??
    (run.machine === undefined ? 0 : run.machine.config.duration * 1000)
  return { run, summary: replay(run, lines, durationMs) }
}

function replay(run: K6Run, lines: readonly string[], durationMs: number): RunSummary {
  const registry = new MetricRegistry()
  defineBuiltinMetrics(registry)
  for (const [name, [type, contains]] of Object.entries(run.metrics)) registry.define(name, type, contains)
  const tags = new TagRegistry()
  const store = new MetricStore(registry, tags)
  const fullMode = fullModeBreakdowns()
  const aggregate = new MetricAggregate(registry, { breakdowns: [fullMode.scenarios, fullMode.groups] })
  const thresholds = Object.entries(THRESHOLDS).map(([key, results]) =>
    thresholdsOf(key, results, registry, aggregate, durationMs),
  )
  const sets = run.tagSets.map((set) => tags.root.withAll(set))
  lines.forEach((line, i) => {
    const [metric, set, value] = JSON.parse(line) as [string, number, number]
    store.add(registry.get(metric)!, sets[set]!, value)
    if (i % 50 === 49) aggregate.merge(structuredClone(store.drain()), { fromNs: i * 1e7, toNs: (i + 50) * 1e7 })
  })
  aggregate.merge(structuredClone(store.drain()), { fromNs: 0, toNs: 1e9 })
  return summarize({
    aggregate,
    thresholds: thresholds.map((entry) => entry()),
    durationMs,
    trendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'],
    fullMode,
  })
}

function thresholdsOf(
  key: string,
  results: readonly (readonly [source: string, ok: boolean])[],
  registry: MetricRegistry,
  aggregate: MetricAggregate,
  durationMs: number,
): () => SummaryThresholds {
  const brace = key.indexOf('{')
  const metric = registry.get(brace < 0 ? key : key.slice(0, brace))!
  const suffix = key.slice(brace + 1, -1)
  const [tag = '', value = ''] = suffix.split(':')
  const observed =
    brace < 0
      ? aggregate.total(metric)
      : aggregate.submetric(metric, { metric: metric.name, suffix, tags: [[tag, value]] })
  observed.observed = true
  aggregate.total(metric).observed = true
  return () => ({
    name: observed.name,
    metric,
    results: results.map(([source, ok]) => {
      const aggregation = source.split('<')[0]!.split('>')[0]!.trim()
      return { source, aggregation, ok, value: observed.sink.values(durationMs / 1000, [aggregation])[aggregation] }
    }),
  })
}
