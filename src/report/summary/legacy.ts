/** The flat summary of k6 v1: checks in their groups, then every metric in one list with the mark of its thresholds. */
import { green, red } from '../paint.js'
import { checkLines, indent, type LineStyle, metricLines, shownName } from './lines.js'
import type { RunSummary, SummaryGroup } from './model.js'
import { byName } from './sections.js'
import { displayWidth } from './format.js'

export function legacyLines(summary: RunSummary, style: LineStyle): string[] {
  const metrics = summary.metrics.filter(({ own }) => !own).sort(byName)
  const lines = metricLines(
    metrics.map((metric) => ({ metric })),
    style,
  )
  return [
    ...indent(groupLines(summary.rootGroup, style), 5),
    ...lines.map((line, i) => {
      const { name } = metrics[i]!
      const results = summary.thresholds.filter((entry) => entry.name === name).flatMap((entry) => entry.results)
      const mark =
        results.length === 0 ? ' ' : results.every(({ ok }) => ok) ? green(style.paint, '✓') : red(style.paint, '✗')
      // The mark stands right before the name, also where the name is set in.
      const set = displayWidth(shownName(name)) - displayWidth(shownName(name).trimStart())
      return `   ${' '.repeat(set)}${mark} ${line.slice(set)}`
    }),
    '',
  ]
}

function groupLines(group: SummaryGroup, style: LineStyle): string[] {
  const checks = checkLines(group.checks, style.paint)
  const inner = [
    ...checks,
    ...(checks.length > 0 ? [''] : []),
    ...group.groups.flatMap((child) => groupLines(child, style)),
  ]
  return group.name === '' ? inner : [`█ ${group.name}`, '', ...indent(inner, 2)]
}
