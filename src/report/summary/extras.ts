/** What perfwright adds below k6's summary: response time, asked and sent, totals by endpoint, trust. */
import { dim, type Paint, red, yellow } from '../paint.js'
import { formatDuration, formatNumber, formatPercent, padEnd, padStart, displayWidth } from './format.js'
import { type LineStyle, metricLines } from './lines.js'
import type { RunSummary, SummaryBreakdown, SummaryMetric } from './model.js'

export interface SummaryExtras {
  /** Scenarios with an arrival rate: how many iterations were due, how many began. */
  readonly arrivals?: readonly {
    readonly scenario: string
    readonly askedIterations: number
    readonly startedIterations: number
    readonly droppedIterations: number
    readonly durationS: number
  }[]
  readonly trust?: { readonly verdict: string; readonly reasons: readonly string[] }
  /** Full sentences, for anything else that the reader must know (partial data, templated URLs, ...). */
  readonly notes?: readonly string[]
}

/** Response times that differ from service times by less are the same for a reader. */
const TELLING_RATIO = 1.02
const TELLING_MS = 1

/** Blocks of lines, each with its title, without indentation. */
export function extraBlocks(
  summary: RunSummary,
  extras: SummaryExtras,
  style: LineStyle,
): { readonly title: string; readonly lines: readonly string[] }[] {
  const blocks = [
    { title: 'RESPONSE TIME (from the intended start)', lines: responseTimeLines(summary, style) },
    { title: 'ASKED AND SENT', lines: arrivalLines(extras, style.paint) },
    ...summary.breakdowns.map((breakdown) => ({
      title: `BY ${breakdown.by.toUpperCase()}`,
      lines: breakdownLines(breakdown, summary.durationMs, style),
    })),
    { title: 'TRUST', lines: trustLines(extras, style.paint) },
    { title: 'NOTES', lines: extras.notes ?? [] },
  ]
  return blocks.filter(({ lines }) => lines.length > 0)
}

/**
 * Shown only where it tells more than service time does: a stalled generator or target delays requests that k6's
 * http_req_duration never sees (coordinated omission).
 */
function responseTimeLines(summary: RunSummary, style: LineStyle): string[] {
  const find = (name: string): SummaryMetric | undefined => summary.metrics.find((metric) => metric.name === name)
  const service = find('http_req_duration')
  const own = ['http_req_response_time', 'iteration_start_lag'].map(find)
  const response = own[0]
  const differs =
    service !== undefined &&
    response !== undefined &&
    summary.trendStats.some((stat) => tells(response.values[stat], service.values[stat]))
  const lagged = (own[1]?.values.max ?? own[1]?.values.avg ?? 0) > 10
  if (!differs && !lagged) return []
  return metricLines(
    own.filter((metric) => metric !== undefined).map((metric) => ({ metric })),
    style,
  )
}

function tells(response = 0, service = 0): boolean {
  return response > service * TELLING_RATIO && response - service > TELLING_MS
}

function arrivalLines(extras: SummaryExtras, paint: Paint): string[] {
  const rows = (extras.arrivals ?? []).map((arrival) => {
    const perS = (n: number): string =>
      arrival.durationS > 0 ? `${formatNumber(round(n / arrival.durationS))}/s` : '0/s'
    const { askedIterations: asked, startedIterations: started, droppedIterations: dropped } = arrival
    const share = asked > 0 ? formatPercent(started / asked) : formatPercent(1)
    return {
      cells: [arrival.scenario, `asked ${asked}`, perS(asked), `sent ${started}`, perS(started), share],
      dropped,
    }
  })
  const table = aligned(
    rows.map(({ cells }) => cells),
    1,
  )
  return table.map((line, i) => {
    const { dropped } = rows[i]!
    return dropped === 0 ? line : `${line}  ${red(paint, `${dropped} dropped: no free VU`)}`
  })
}

/** The metric that tells most about a part, and what counts its units of work. */
const KINDS: readonly {
  readonly duration: string
  readonly count: string
  readonly failed?: string
  readonly unit: string
}[] = [
  { duration: 'http_req_duration', count: 'http_reqs', failed: 'http_req_failed', unit: 'requests' },
  { duration: 'grpc_req_duration', count: '', unit: 'calls' },
  { duration: 'browser_http_req_duration', count: '', failed: 'browser_http_req_failed', unit: 'requests' },
  { duration: 'ws_session_duration', count: 'ws_sessions', unit: 'sessions' },
  { duration: 'iteration_duration', count: 'iterations', unit: 'iterations' },
]

function breakdownLines(breakdown: SummaryBreakdown, durationMs: number, style: LineStyle): string[] {
  const lines: string[] = []
  let parts = breakdown.parts
  for (const kind of KINDS) {
    const here = parts.filter((part) => part.metrics.some(({ name }) => name === kind.duration))
    if (here.length === 0) continue
    // A part is listed once, by the most telling of its metrics.
    parts = parts.filter((part) => !here.includes(part))
    const head = [breakdown.by, kind.unit, 'per s', 'failed', 'avg', 'med', 'p95', 'p99', 'max', 'checks failed']
    const rows = here.map((part) => {
      const metric = (name: string | undefined): SummaryMetric | undefined => part.metrics.find((m) => m.name === name)
      const duration = metric(kind.duration)!
      const n = metric(kind.count)?.values.count ?? duration.samples
      const failed = metric(kind.failed)
      const times = ['avg', 'med', 'p(95)', 'p(99)', 'max'].map((stat) =>
        formatDuration(duration.values[stat] ?? 0, style.timeUnit),
      )
      const checksFailed = part.checks.reduce((sum, check) => sum + check.fails, 0)
      return [
        part.key,
        String(n),
        durationMs > 0 ? formatNumber(round((n * 1000) / durationMs)) : '0',
        failed === undefined ? '-' : formatPercent(failed.values.rate ?? 0),
        ...times,
        part.checks.length === 0 ? '-' : String(checksFailed),
      ]
    })
    const [header = '', ...body] = aligned([head, ...rows], 1)
    lines.push(dim(style.paint, header), ...body)
  }
  if (breakdown.overflowed)
    lines.push('(other) holds all that came after the first 200: template the URLs, or set the name tag.')
  return lines
}

function trustLines({ trust }: SummaryExtras, paint: Paint): string[] {
  if (trust === undefined || (trust.verdict === 'trustworthy' && trust.reasons.length === 0)) return []
  const colour = trust.verdict === 'not-trustworthy' ? red : yellow
  return [
    colour(paint, `these numbers are ${trust.verdict.replaceAll('-', ' ')}:`),
    ...trust.reasons.map((reason) => `  ${reason}`),
  ]
}

/** Cells in columns, the first `left` of them to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[], left: number): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, c) => {
      widths[c] = Math.max(widths[c] ?? 0, displayWidth(cell))
    })
  }
  return rows.map((row) =>
    row.map((cell, c) => (c < left ? padEnd(cell, widths[c]!) : padStart(cell, widths[c]!))).join('  '),
  )
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
