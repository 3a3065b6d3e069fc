/** The end of a run as plain data: what the texts and the JSON forms are made of, live or from a record. */
import {
  Breakdown,
  type BreakdownPart,
  type CheckCount,
  type GroupNode,
  type Metric,
  type MetricAggregate,
  type MetricSink,
  type MetricType,
  pathId,
  type TagSet,
  type ValueKind,
} from '#metrics/index.js'

export interface RunSummary {
  readonly durationMs: number
  readonly trendStats: readonly string[]
  /** Every metric and submetric to show, each parent before its parts. */
  readonly metrics: readonly SummaryMetric[]
  readonly rootGroup: SummaryGroup
  /** By name over all groups, in the order in which they were first seen. */
  readonly checks: readonly CheckCount[]
  readonly thresholds: readonly SummaryThresholds[]
  /** For the full mode: groups outside of any named scenario, and each scenario with its groups. */
  readonly groups: readonly SummaryBlock[]
  readonly scenarios: readonly SummaryBlock[]
  /** `--summary-by`. */
  readonly breakdowns: readonly SummaryBreakdown[]
}

export interface SummaryMetric {
  readonly name: string
  readonly type: MetricType
  readonly contains: ValueKind
  /** perfwright's own: never in k6-shaped output. */
  readonly own: boolean
  /** How many samples the values stand on; with none they are 0, as k6 has it. */
  readonly samples: number
  readonly values: Readonly<Record<string, number>>
}

export interface SummaryGroup {
  readonly name: string
  readonly path: string
  readonly id: string
  readonly groups: readonly SummaryGroup[]
  readonly checks: readonly SummaryCheck[]
}

export interface SummaryCheck extends CheckCount {
  readonly path: string
  readonly id: string
}

/** The thresholds of one metric as they ended. */
export interface SummaryThresholds {
  readonly name: string
  readonly metric: { readonly type: MetricType; readonly contains: ValueKind; readonly own: boolean }
  readonly results: readonly {
    readonly source: string
    /** Left side of the expression: `p(95)`. */
    readonly aggregation: string
    readonly ok: boolean
    readonly value: number | undefined
  }[]
}

/** A scenario or group with the totals of its own samples. */
export interface SummaryBlock {
  readonly name: string
  readonly metrics: readonly SummaryMetric[]
  readonly checks: readonly CheckCount[]
  readonly groups: readonly SummaryBlock[]
}

export interface SummaryBreakdown {
  readonly by: string
  /** Some keys were put together under `(other)`. */
  readonly overflowed: boolean
  readonly parts: readonly {
    readonly key: string
    readonly metrics: readonly SummaryMetric[]
    readonly checks: readonly CheckCount[]
  }[]
}

/** What the full mode needs counted; hand it to the aggregate's options before the run. */
export interface FullModeBreakdowns {
  readonly scenarios: Breakdown
  readonly groups: Breakdown
}

export function fullModeBreakdowns(): FullModeBreakdowns {
  return {
    scenarios: new Breakdown('scenario block', namedScenario, 1000),
    groups: new Breakdown(
      'group block',
      (tags) => {
        const path = tags.get('group') ?? ''
        return path === '' || path === '::setup' || path === '::teardown'
          ? undefined
          : `${namedScenario(tags) ?? ''}${path}`
      },
      1000,
    ),
  }
}

export interface SummaryInput {
  readonly aggregate: MetricAggregate
  readonly thresholds: readonly SummaryThresholds[]
  readonly durationMs: number
  /** `summaryTrendStats`. */
  readonly trendStats: readonly string[]
  readonly fullMode?: FullModeBreakdowns | undefined
  /** Those of `--summary-by`. */
  readonly breakdowns?: readonly Breakdown[]
}

export function summarize(input: SummaryInput): RunSummary {
  const { aggregate, durationMs, trendStats } = input
  const shown = (name: string, metric: Metric, sink: MetricSink, stats = trendStats): SummaryMetric => ({
    name,
    type: metric.type,
    contains: metric.contains,
    own: metric.own,
    samples: sink.count,
    values: sink.values(durationMs / 1000, stats),
  })
  const metricsOf = (part: BreakdownPart, stats = trendStats): SummaryMetric[] =>
    [...part.metrics].map(([metric, sink]) => shown(metric.name, metric, sink, stats))
  const blockOf = (name: string, prefix: string, part: BreakdownPart | undefined): SummaryBlock => ({
    name,
    metrics: part === undefined ? [] : metricsOf(part),
    checks: part === undefined ? [] : [...part.checks.values()],
    groups: subgroups(prefix, input.fullMode?.groups).map((group) =>
      blockOf(group, `${prefix}::${group}`, input.fullMode?.groups.parts.get(`${prefix}::${group}`)),
    ),
  })
  return {
    durationMs,
    trendStats,
    metrics: aggregate.observed().map(({ name, metric, sink }) => shown(name, metric, sink)),
    rootGroup: groupOf(aggregate.checks.root),
    checks: aggregate.checks.flat(),
    thresholds: input.thresholds,
    groups: blockOf('', '', undefined).groups,
    scenarios: [...(input.fullMode?.scenarios.parts.values() ?? [])]
      .map((part) => blockOf(part.key, part.key, part))
      .sort((a, b) => a.name.localeCompare(b.name)),
    breakdowns: (input.breakdowns ?? []).map((breakdown) => ({
      by: breakdown.by,
      overflowed: breakdown.overflowed,
      parts: [...breakdown.parts.values()].map((part) => ({
        key: part.key,
        metrics: metricsOf(part, TABLE_STATS),
        checks: [...part.checks.values()],
      })),
    })),
  }
}

/** Columns of a `--summary-by` table. */
export const TABLE_STATS: readonly string[] = ['avg', 'med', 'p(95)', 'p(99)', 'max']

/** k6 does not show the scenario that comes of the shortcuts as one. */
function namedScenario(tags: TagSet): string | undefined {
  const scenario = tags.get('scenario')
  return scenario === 'default' ? undefined : scenario
}

/** Names of the groups directly below a prefix, with samples or only with groups below them, as first seen. */
function subgroups(prefix: string, groups: Breakdown | undefined): string[] {
  const start = `${prefix}::`
  const names = new Set<string>()
  for (const key of groups?.parts.keys() ?? []) {
    if (key.startsWith(start)) names.add(key.slice(start.length).split('::')[0]!)
  }
  return [...names]
}

function groupOf(node: GroupNode): SummaryGroup {
  return {
    name: node.name,
    path: node.path,
    id: pathId(node.path),
    groups: [...node.groups.values()].map(groupOf),
    checks: [...node.checks.values()].map(({ name, passes, fails }) => {
      const path = `${node.path}::${name}`
      return { name, path, id: pathId(path), passes, fails }
    }),
  }
}
