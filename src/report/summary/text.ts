/**
 * The end-of-test text. Facts, order and numbers are k6's (v2.2: compact, full; v1: legacy), so that a person who knows
 * k6 reads it at once; perfwright's own stand below.
 */
import { bold, cyan, green, type Paint, red } from '../paint.js'
import { extraBlocks, type SummaryExtras } from './extras.js'
import type { TimeUnit } from './format.js'
import { legacyLines } from './legacy.js'
import { checkLines, indent, type LineStyle, metricLines, thresholdValue } from './lines.js'
import type { RunSummary, SummaryBlock, SummaryMetric, SummaryThresholds } from './model.js'
import { baseName, byName, sectionsOf } from './sections.js'
import type { CheckCount } from '#metrics/index.js'

export interface SummaryTextOptions {
  readonly mode: 'compact' | 'full' | 'legacy'
  /** Colour, only when told. */
  readonly paint: Paint
  readonly timeUnit: TimeUnit
  readonly extras?: SummaryExtras
}

/** The whole text, with an empty line before and behind it. */
export function renderSummary(summary: RunSummary, options: SummaryTextOptions): string {
  const style = {
    paint: options.paint,
    timeUnit: options.timeUnit,
    trendStats: summary.trendStats,
    durationMs: summary.durationMs,
  }
  const k6 = options.mode === 'legacy' ? legacyLines(summary, style) : modernLines(summary, options.mode, style)
  const own = extraBlocks(summary, options.extras ?? {}, style).flatMap(({ title, lines }) => [
    ...titleLines(title, style),
    ...indent(lines, 4),
    '',
    '',
  ])
  const text = [...k6, ...own]
  while (text.at(-1) === '') text.pop()
  return `\n${text.join('\n')}\n\n`
}

function modernLines(summary: RunSummary, mode: 'compact' | 'full', style: LineStyle): string[] {
  const lines: string[] = []
  if (summary.thresholds.length > 0)
    lines.push(...titleLines('THRESHOLDS', style), ...thresholdLines(summary, style), '')
  lines.push(...titleLines('TOTAL RESULTS', style), ...blockLines(summary, mode === 'compact', style), '')
  if (mode === 'compact') return lines
  for (const group of summary.groups)
    lines.push(...titleLines(`GROUP: ${group.name}`, style), ...nestedLines(group, style), '')
  for (const scenario of summary.scenarios) {
    lines.push(...titleLines(`SCENARIO: ${scenario.name}`, style), ...nestedLines(scenario, style), '')
  }
  return lines
}

function titleLines(title: string, { paint }: LineStyle): string[] {
  return [`  █ ${bold(paint, title)}`, '']
}

function thresholdLines(summary: RunSummary, style: LineStyle): string[] {
  const sorted = [...summary.thresholds].sort(byName)
  return sorted.flatMap((entry) => {
    const parent = baseName(entry.name)
    const under = parent !== entry.name && sorted.some(({ name }) => name === parent)
    const name = under ? entry.name.slice(parent.length) : entry.name
    return [...indent([name, ...resultLines(entry, summary, style)], under ? 6 : 4), '']
  })
}

function resultLines(entry: SummaryThresholds, summary: RunSummary, style: LineStyle): string[] {
  const empty = (summary.metrics.find(({ name }) => name === entry.name)?.samples ?? 0) === 0
  return entry.results.map(({ source, aggregation, ok, value }) => {
    const mark = ok ? green(style.paint, '✓') : red(style.paint, '✗')
    const shown = thresholdValue(value, aggregation, entry.metric, style.timeUnit)
    const none = empty && value !== undefined ? ' (no samples)' : ''
    return `${mark} '${source.trim()}' ${aggregation}=${cyan(style.paint, shown)}${none}`
  })
}

/** Checks, then the metrics under their headings. */
function blockLines(
  block: { readonly metrics: readonly SummaryMetric[]; readonly checks: readonly CheckCount[] },
  compact: boolean,
  style: LineStyle,
): string[] {
  const lines: string[] = []
  const checks = block.metrics.find(({ name }) => name === 'checks')
  if (checks !== undefined) lines.push(...checkTotals(checks, style), '')
  if (checks !== undefined && block.checks.length > 0) lines.push(...checkLines(block.checks, style.paint), '')
  const sections = sectionsOf(block.metrics, compact)
  // Formatted together: one column of names, one set of value columns, over all headings.
  const formatted = metricLines(
    sections.flatMap((section) => section.metrics.map((metric) => ({ metric }))),
    style,
  )
  for (const section of sections) {
    lines.push(bold(style.paint, section.title), ...formatted.splice(0, section.metrics.length), '')
  }
  return indent(lines, 4)
}

function checkTotals(checks: SummaryMetric, style: LineStyle): string[] {
  const { passes = 0, fails = 0 } = checks.values
  const total = passes + fails
  const rate = (name: string, part: number): SummaryMetric => ({
    ...checks,
    name,
    values: { rate: total > 0 ? part / total : 0, passes: part, fails: total - part },
  })
  const perS = style.durationMs > 0 ? (total * 1000) / style.durationMs : 0
  return metricLines(
    [
      { metric: { ...checks, name: 'checks_total', type: 'counter', values: { count: total, rate: perS } } },
      { metric: rate('checks_succeeded', passes) },
      { metric: rate('checks_failed', fails) },
    ],
    style,
  )
}

function nestedLines(block: SummaryBlock, style: LineStyle): string[] {
  const lines = blockLines(block, false, style)
  for (const group of block.groups) {
    lines.push(`    ↳ ${bold(style.paint, `GROUP: ${group.name}`)}`, '', ...indent(nestedLines(group, style), 2))
  }
  return lines
}
