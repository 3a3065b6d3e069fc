/**
 * k6's JSON forms of a summary. Shapes and keys compared with k6 v2.2: `handleSummary(data)`, `--summary-export`, and
 * `--new-machine-readable-summary` (schema 1.0.0).
 */
import type { RunSummary, SummaryGroup, SummaryMetric } from './model.js'
import { belongsToCompact } from './sections.js'

export interface K6DataContext {
  readonly summaryTimeUnit: string | undefined
  readonly noColor: boolean
  readonly isStdOutTTY: boolean
  readonly isStdErrTTY: boolean
  /** What setup returned, read back from its JSON; undefined when it returned nothing. */
  readonly setupData?: unknown
}

/** The argument of `handleSummary`. */
export interface K6SummaryData {
  readonly root_group: SummaryGroup
  readonly options: {
    readonly summaryTrendStats: readonly string[]
    readonly summaryTimeUnit: string
    readonly noColor: boolean
  }
  readonly state: { readonly isStdOutTTY: boolean; readonly isStdErrTTY: boolean; readonly testRunDurationMs: number }
  readonly metrics: Readonly<Record<string, K6Metric>>
  readonly setup_data?: unknown
}

export interface K6Metric {
  readonly type: string
  readonly contains: string
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}

export function k6SummaryData(summary: RunSummary, context: K6DataContext): K6SummaryData {
  // By entries, since a script may well call a metric __proto__.
  const metrics = Object.fromEntries(
    summary.metrics.filter(({ own }) => !own).map((metric) => [metric.name, k6Metric(metric, summary)]),
  )
  return {
    root_group: summary.rootGroup,
    options: {
      summaryTrendStats: summary.trendStats,
      summaryTimeUnit: context.summaryTimeUnit ?? '',
      noColor: context.noColor,
    },
    state: {
      isStdOutTTY: context.isStdOutTTY,
      isStdErrTTY: context.isStdErrTTY,
      testRunDurationMs: summary.durationMs,
    },
    metrics,
    ...(context.setupData === undefined ? {} : { setup_data: context.setupData }),
  }
}

/** The text that `--summary-export` writes: values without their wrapper, `true` for a crossed threshold. */
export function k6SummaryExport(data: K6SummaryData): string {
  const metrics = Object.fromEntries(
    Object.entries(data.metrics).map(([name, metric]) => [name, exportedMetric(metric)]),
  )
  const exported = { root_group: exportedGroup(data.root_group), metrics }
  return JSON.stringify(
    data.setup_data === undefined ? exported : { ...exported, setup_data: data.setup_data },
    null,
    4,
  )
}

export interface MachineReadableContext {
  readonly script: string
  readonly version: string
  readonly generatedAt: Date
  readonly mode: string
}

/** The value that handleSummary gets, and that `--summary-export` writes, with `--new-machine-readable-summary`. */
export function machineReadableSummary(summary: RunSummary, context: MachineReadableContext): Record<string, unknown> {
  const shown = summary.metrics.filter((metric) => !metric.own && isListed(metric, context.mode))
  return {
    config: { duration: summary.durationMs / 1000, execution: 'local', script: context.script },
    metadata: { generated_at: context.generatedAt.toISOString(), k6_version: context.version },
    results: { checks: machineChecks(summary), metrics: shown.map(machineMetric) },
    version: '1.0.0',
  }
}

function isListed(metric: SummaryMetric, mode: string): boolean {
  const name = metric.name.split('{')[0]!
  if (name === 'checks' || name === 'group_duration') return false
  return mode === 'full' || belongsToCompact(name)
}

function machineChecks(summary: RunSummary): Record<string, unknown> {
  const total = summary.metrics.find(({ name }) => name === 'checks')
  if (total === undefined) return { metrics: [], results: [] }
  const { passes = 0, fails = 0 } = total.values
  const ratio = (part: number): number => (passes + fails > 0 ? part / (passes + fails) : 0)
  const rate = (name: string, matches: number): Record<string, unknown> => ({
    contains: 'default',
    name,
    type: 'rate',
    values: { matches, rate: ratio(matches), total: passes + fails },
  })
  return {
    metrics: [
      { contains: 'default', name: 'checks_total', type: 'counter', values: { count: passes + fails } },
      rate('checks_failed', fails),
      rate('checks_succeeded', passes),
    ],
    results: summary.checks.map(({ name, passes: passed, fails: failed }) => ({ fails: failed, name, passes: passed })),
  }
}

function machineMetric(metric: SummaryMetric): Record<string, unknown> {
  return { contains: metric.contains, name: metric.name, type: metric.type, values: machineValues(metric) }
}

/** Only the columns that the schema knows, in its names; of a counter only the count. */
function machineValues({ type, values }: SummaryMetric): Record<string, unknown> {
  const { count, value, min, max, rate, passes = 0, fails = 0 } = values
  if (type === 'counter') return { count }
  if (type === 'gauge') return { max, min, value }
  if (type === 'rate') return { matches: passes, rate, total: passes + fails }
  return { avg: values.avg, max, med: values.med, min, p90: values['p(90)'], p95: values['p(95)'] }
}

function k6Metric({ name, type, contains, values }: SummaryMetric, summary: RunSummary): K6Metric {
  const results = summary.thresholds.filter((entry) => entry.name === name).flatMap((entry) => entry.results)
  if (results.length === 0) return { type, contains, values }
  return { type, contains, values, thresholds: Object.fromEntries(results.map(({ source, ok }) => [source, { ok }])) }
}

function exportedMetric(metric: K6Metric): Record<string, unknown> {
  const { rate, ...others } = metric.values
  const values = metric.type === 'rate' ? { ...others, value: rate } : metric.values
  const crossed = Object.entries(metric.thresholds ?? {}).map(([source, { ok }]) => [source, !ok] as const)
  return crossed.length === 0 ? values : { ...values, thresholds: Object.fromEntries(crossed) }
}

function exportedGroup(group: SummaryGroup): Record<string, unknown> {
  return {
    name: group.name,
    path: group.path,
    id: group.id,
    groups: Object.fromEntries(group.groups.map((inner) => [inner.name, exportedGroup(inner)])),
    checks: Object.fromEntries(group.checks.map((check) => [check.name, check])),
  }
}
