/** What a report of a record says, as plain data: the JSON report is this, the others are made of it. */
import { endpointName } from '#metrics/index.js'
import type { Analysis, Finding, Missing, RecordEvent, RunFile, RunRecord, SeriesTotal } from '#record/index.js'
import { metricTotal } from '#record/index.js'
import { RELATIVE_ERROR, type Sketch } from '#stats/index.js'
import type { LatencyStats, PartRow } from './part-row.js'

export type { LatencyStats, PartRow } from './part-row.js'

/** Raised when a field changes its meaning or goes away; fields may be added. */
const REPORT_VERSION = 1

export interface ReportModel {
  readonly reportVersion: number
  /** Name of the record's folder. */
  readonly record: string
  readonly state: RunRecord['state']
  readonly verdict: Verdict
  readonly durationS: number
  /** `run.json`. */
  readonly run: Omit<RunFile, 'checks' | 'summary' | 'missing'>
  readonly checks: RunRecord['checks']
  readonly metrics: RunRecord['totals']['metrics']
  readonly endpoints: readonly PartRow[]
  readonly byScenario: readonly PartRow[]
  readonly byGroup: readonly PartRow[]
  readonly errors: readonly ErrorKind[]
  readonly observed: Readonly<Record<string, readonly ObservedRow[]>>
  readonly events: readonly RecordEvent[]
  readonly findings: readonly Finding[] | null
  readonly analysis: Analysis | null
  readonly missing: readonly Missing[]
}

export interface Verdict {
  /** Null while nobody knows: the run goes on, or was killed. */
  readonly passed: boolean | null
  readonly exitCode: number | null
  readonly reason: string | null
}

export interface ErrorKind {
  readonly kind: string
  /** `request`: no answer or an unexpected one; `iteration`: the script threw. */
  readonly of: 'request' | 'iteration'
  readonly count: number
}

export interface ObservedRow {
  readonly metric: string
  readonly samples: number
  readonly last: number
  readonly min: number
  readonly max: number
}

export async function buildReport(record: RunRecord): Promise<ReportModel> {
  const { events, missing: missingEvents } = await record.events()
  const durationS = record.durationNs / 1e9
  const { endpoints, scenarios, groups, failures, whole } = (await record.digest()).parts
  const observed: Record<string, readonly ObservedRow[]> = {}
  for (const name of await record.observed())
    observed[name] = observedRows(await record.totalsOf({}, `observed/${name}`))
  const { checks: _checks, summary: _summary, missing: _missing, ...run } = record.run
  return {
    reportVersion: REPORT_VERSION,
    record: record.id,
    state: record.state,
    verdict: verdictOf(record),
    durationS,
    run,
    checks: record.checks,
    metrics: withOwn(record, whole, durationS),
    endpoints: partRows(endpoints, durationS, endpointKey).filter(({ unit }) => unit === 'requests'),
    byScenario: partRows(scenarios, durationS, ({ scenario }) => scenario),
    byGroup: partRows(groups, durationS, ({ group }) => (group === '' ? '(no group)' : group)),
    errors: [...requestErrors(failures), ...iterationErrors(events)].sort((a, b) => b.count - a.count),
    observed,
    events,
    findings: (await record.findings()) ?? null,
    analysis: (await record.analysis()) ?? null,
    missing: [...record.missing, ...missingEvents],
  }
}

function verdictOf(record: RunRecord): Verdict {
  const { exit } = record.run
  if (exit === null) {
    const isLost = record.missing.some(({ what }) => what.startsWith('run.json'))
    const killed = isLost ? 'run.json, which had the verdict, is lost' : 'the run was killed before its verdict'
    const reason = record.state === 'running' ? 'the run goes on' : killed
    return { passed: null, exitCode: null, reason }
  }
  return { passed: exit.code === 0, exitCode: exit.code, reason: exit.reason }
}

/** Metrics that the run's own totals leave out (it may have ended before they were shown) are taken from the series. */
function withOwn(record: RunRecord, whole: readonly SeriesTotal[], durationS: number): ReportModel['metrics'] {
  const known = new Set(record.totals.metrics.map(({ name }) => name))
  const more = whole.filter(({ metric }) => !known.has(metric.name))
  return [
    ...record.totals.metrics,
    ...more.map(({ metric, sink }) => metricTotal(metric.name, metric, sink, durationS)),
  ]
}

/** The `name` tag, else the URL, as k6 groups requests. */
function endpointKey(tags: Readonly<Record<string, string>>): string | undefined {
  const name = tags['name'] ?? tags['url']
  if (name === undefined) return undefined
  return endpointName({ method: tags['method'], name }) ?? name
}

function partRows(
  totals: readonly SeriesTotal[],
  durationS: number,
  keyOf: (tags: Readonly<Record<string, string>>) => string | undefined,
): PartRow[] {
  const parts = new Map<string, Map<string, SeriesTotal['sink']>>()
  for (const { metric, tags, sink } of totals) {
    const key = keyOf(tags)
    if (key === undefined) continue
    const part = parts.get(key) ?? new Map<string, SeriesTotal['sink']>()
    parts.set(key, part)
    const before = part.get(metric.name)
    // Several tag sets may share a key: a name with more than one URL.
    if (before === undefined) part.set(metric.name, sink)
    else before.mergeRow({ ...sink.sketch.toRow(), count: sink.count, sum: sink.sum, min: sink.min, max: sink.max })
  }
  const rows = [...parts].flatMap(([key, metrics]) => {
    const requests = metrics.get('http_reqs')
    const counted = requests ?? metrics.get('iterations')
    if (counted === undefined) return []
    const failed = metrics.get('http_req_failed')
    const service = metrics.get(requests === undefined ? 'iteration_duration' : 'http_req_duration')
    return [
      {
        key,
        unit: requests === undefined ? ('iterations' as const) : ('requests' as const),
        count: counted.sum,
        perS: durationS > 0 ? counted.sum / durationS : null,
        failedRatio: failed === undefined || failed.isEmpty ? null : failed.sum / failed.count,
        serviceTimeMs: latencyOf(service?.sketch),
        responseTimeMs: latencyOf(metrics.get('http_req_response_time')?.sketch),
      },
    ]
  })
  return rows.sort((a, b) => b.count - a.count)
}

export function latencyOf(sketch: Sketch | undefined): LatencyStats | null {
  if (sketch === undefined || sketch.count === 0) return null
  const q = (quantile: number): number => sketch.quantile(quantile) as number
  return {
    count: sketch.count,
    avg: sketch.sum / sketch.count,
    min: sketch.min,
    med: q(0.5),
    p90: q(0.9),
    p95: q(0.95),
    p99: q(0.99),
    max: sketch.max,
    relativeError: sketch.exact ? 0 : RELATIVE_ERROR,
  }
}

function requestErrors(failures: readonly SeriesTotal[]): ErrorKind[] {
  return failures.flatMap(({ tags, sink }) => {
    if (sink.sum === 0) return []
    const { status = '0', error = '', error_code: code = '' } = tags
    const what = error === '' ? (status === '0' ? 'no answer' : `status ${status}`) : error
    return [{ kind: code === '' ? what : `${what} (code ${code})`, of: 'request' as const, count: sink.sum }]
  })
}

function iterationErrors(events: readonly RecordEvent[]): ErrorKind[] {
  const counts = new Map<string, number>()
  for (const { type, detail } of events) {
    const { message, count } = detail
    if (type !== 'iteration-error' || typeof message !== 'string' || typeof count !== 'number') continue
    counts.set(message, (counts.get(message) ?? 0) + count)
  }
  return [...counts].map(([kind, count]) => ({ kind, of: 'iteration' as const, count }))
}

function observedRows(totals: readonly SeriesTotal[]): ObservedRow[] {
  return totals.map(({ metric, sink }) => ({
    metric: metric.name,
    samples: sink.count,
    last: sink.sum,
    min: sink.min,
    max: sink.max,
  }))
}
