/** Lines of metrics with their names dotted to one column and their values aligned, as k6's users know them. */
import { cyan, dim, green, type Paint, red } from '../paint.js'
import { displayWidth, formatNumber, formatValue, padEnd, type TimeUnit } from './format.js'
import type { SummaryMetric } from './model.js'
import type { CheckCount } from '#metrics/index.js'

export interface LineStyle {
  readonly paint: Paint
  readonly timeUnit: TimeUnit
  readonly trendStats: readonly string[]
  /** Of the run. */
  readonly durationMs: number
}

/** What stands before a name: a mark in the legacy mode. */
export interface MetricLine {
  readonly metric: SummaryMetric
  readonly mark?: string
}

/**
 * One line per metric, in the order given; all share one column of names and columns of values.
 * @param nameWidth  at least so wide, where several blocks shall line up
 */
export function metricLines(lines: readonly MetricLine[], style: LineStyle, nameWidth = 0): string[] {
  const widest = Math.max(nameWidth, ...lines.map(({ metric }) => displayWidth(shownName(metric.name))))
  const trends = lines.map(({ metric }) => (metric.type === 'trend' ? trendCells(metric, style) : undefined))
  const others = lines.map(({ metric }) => (metric.type === 'trend' ? undefined : plainCells(metric, style.timeUnit)))
  const trendWidths = columnWidths(trends)
  const otherWidths = columnWidths(others)
  return lines.map(({ metric, mark = '' }, i) => {
    const name = shownName(metric.name)
    const dots = dim(style.paint, `${'.'.repeat(widest - displayWidth(name) + 3)}:`)
    const cells = trends[i]
    const values =
      metric.samples === 0 && metric.type === 'trend'
        ? dim(style.paint, 'no samples')
        : cells !== undefined
          ? cells
              .map((cell, c) => `${style.trendStats[c]}=${cyan(style.paint, cell)}${pad(cell, trendWidths[c])}`)
              .join(' ')
          : plainText(others[i] ?? [], otherWidths, style.paint)
    return `${mark}${name}${dots} ${values}`.trimEnd()
  })
}

/** `✓ name`, or `✗ name` and a second line with the share. */
export function checkLines(checks: readonly CheckCount[], paint: Paint): string[] {
  return checks.flatMap(({ name, passes, fails }) => {
    if (fails === 0) return [green(paint, `✓ ${name}`)]
    const percent = Math.floor((100 * passes) / (passes + fails))
    return [red(paint, `✗ ${name}`), red(paint, `  ↳  ${percent}% — ✓ ${passes} / ✗ ${fails}`)]
  })
}

/** `{ status:200 }`, set in, for a part; its metric stands above it. */
export function shownName(name: string): string {
  const brace = name.indexOf('{')
  return brace < 0 ? name : `  { ${name.slice(brace + 1, -1)} }`
}

export function indent(lines: readonly string[], by: number): string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line))
}

/** A threshold's value, in the form that its metric has in the list. */
export function thresholdValue(
  value: number | undefined,
  aggregation: string,
  metric: Pick<SummaryMetric, 'type' | 'contains'>,
  timeUnit: TimeUnit,
): string {
  if (value === undefined) return 'no samples'
  return metric.type === 'counter' && aggregation === 'rate'
    ? `${formatValue(value, metric, timeUnit)}/s`
    : formatValue(value, metric, timeUnit)
}

function trendCells(metric: SummaryMetric, style: LineStyle): string[] {
  return style.trendStats.map((stat) => {
    const value = metric.values[stat] ?? 0
    return stat === 'count' ? formatNumber(value) : formatValue(value, metric, style.timeUnit)
  })
}

/** The value, then what explains it. */
function plainCells(metric: SummaryMetric, timeUnit: TimeUnit): string[] {
  const { values } = metric
  const shown = (value: number | undefined): string => formatValue(value ?? 0, metric, timeUnit)
  switch (metric.type) {
    case 'counter':
      return [shown(values.count), `${shown(values.rate)}/s`]
    case 'gauge':
      return [shown(values.value), `min=${shown(values.min)}`, `max=${shown(values.max)}`]
    default:
      return [shown(values.rate), `${values.passes ?? 0} out of ${(values.passes ?? 0) + (values.fails ?? 0)}`]
  }
}

function plainText(cells: readonly string[], widths: readonly number[], paint: Paint): string {
  const [value = '', ...extras] = cells
  const head = cyan(paint, value) + pad(value, widths[0])
  // A single explanation needs no column; two or more line up among themselves.
  if (extras.length === 1) return `${head} ${dim(paint, extras[0]!)}`
  return [head, ...extras.map((extra, i) => dim(paint, extra) + pad(extra, widths[i + 1]))].join(' ')
}

function columnWidths(rows: readonly (readonly string[] | undefined)[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    row?.forEach((cell, c) => {
      widths[c] = Math.max(widths[c] ?? 0, displayWidth(cell))
    })
  }
  return widths
}

function pad(cell: string, width = 0): string {
  return padEnd('', width - displayWidth(cell))
}
