/**
 * Prometheus rules of an SLO: error ratios over every window, the budget and its burn rates, and alerts on two windows each,
 * so that one fires soon, and ends soon after the errors do.
 * Source: Google, The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts" (2 % of the budget in 1 h,
 * 5 % in 6 h: page; 10 % in 1 d, 10 % in 3 d: ticket; short window a twelfth of the long one). The names of the series are
 * Sloth's, so that dashboards made for them fit.
 */
import { stringify } from 'yaml'
import { allowedShare, burnRateOf } from './budget.js'
import type { Indicator, Slo, SloFile } from './model.js'

export interface BurnWindow {
  readonly severity: 'page' | 'ticket'
  readonly budgetShare: number
  readonly longHours: number
  readonly shortMinutes: number
}

export const burnWindows: readonly BurnWindow[] = [
  { severity: 'page', budgetShare: 0.02, longHours: 1, shortMinutes: 5 },
  { severity: 'page', budgetShare: 0.05, longHours: 6, shortMinutes: 30 },
  { severity: 'ticket', budgetShare: 0.1, longHours: 24, shortMinutes: 120 },
  { severity: 'ticket', budgetShare: 0.1, longHours: 72, shortMinutes: 360 },
]

/** @returns a rule file, and what has no rules with the reason */
export function prometheusRules(file: SloFile): { readonly yaml: string; readonly left: readonly string[] } {
  const groups = file.slos.flatMap((slo) => groupsOf(file, slo))
  const left = file.slos.filter(({ indicator }) => ratioOver(indicator, '5m') === undefined).map(whyNone)
  return { yaml: stringify({ groups }, { lineWidth: 0 }), left }
}

function whyNone({ name, indicator }: Slo): string {
  return indicator === undefined
    ? `${name}: the file has no Prometheus queries for it`
    : `${name}: a level has no budget to burn; alert on the level itself`
}

function groupsOf(file: SloFile, slo: Slo): unknown[] {
  if (ratioOver(slo.indicator, '5m') === undefined) return []
  const id = `${file.service}-${slo.name}`
  const own = { slo_id: id, slo_service: file.service, slo_name: slo.name }
  const labels = { ...file.labels, ...own }
  const select = `{slo_id=${quoted(id)}, slo_service=${quoted(file.service)}, slo_name=${quoted(slo.name)}}`
  const windows = [
    ...new Set(burnWindows.flatMap(({ longHours, shortMinutes }) => [shortMinutes, longHours * 60])),
  ].sort((a, b) => a - b)
  const period = `${slo.windowDays}d`
  const short = `slo:sli_error:ratio_rate5m${select}`
  const joined = '/ on(slo_id, slo_name, slo_service) group_left'
  return [
    {
      name: `slo-sli-recordings-${id}`,
      rules: [
        ...windows.map((minutes) => ({
          record: `slo:sli_error:ratio_rate${windowText(minutes)}`,
          expr: ratioOver(slo.indicator, windowText(minutes)),
          labels: { ...labels, slo_window: windowText(minutes) },
        })),
        {
          // Over so long a time, the mean of what was recorded every few seconds; the raw series would be too many.
          record: `slo:sli_error:ratio_rate${period}`,
          expr: `sum_over_time(${short}[${period}])\n/ ignoring (slo_window)\ncount_over_time(${short}[${period}])\n`,
          labels: { ...labels, slo_window: period },
        },
      ],
    },
    {
      name: `slo-meta-recordings-${id}`,
      rules: [
        { record: 'slo:objective:ratio', expr: `vector(${slo.target})`, labels },
        { record: 'slo:error_budget:ratio', expr: `vector(${allowedShare(slo.target)})`, labels },
        { record: 'slo:time_period:days', expr: `vector(${slo.windowDays})`, labels },
        {
          record: 'slo:current_burn_rate:ratio',
          expr: `${short}\n${joined}\nslo:error_budget:ratio${select}\n`,
          labels,
        },
        {
          record: 'slo:period_burn_rate:ratio',
          expr: `slo:sli_error:ratio_rate${period}${select}\n${joined}\nslo:error_budget:ratio${select}\n`,
          labels,
        },
        {
          record: 'slo:period_error_budget_remaining:ratio',
          expr: `1 - slo:period_burn_rate:ratio${select}`,
          labels,
        },
      ],
    },
    {
      name: `slo-alerts-${id}`,
      rules: (['page', 'ticket'] as const).flatMap((severity) => alertOf(slo, severity, select)),
    },
  ]
}

function alertOf(slo: Slo, severity: 'page' | 'ticket', select: string): unknown[] {
  const details = slo.alerting[severity]
  if (details === null) return []
  const allowed = allowedShare(slo.target)
  const pair = ({ budgetShare, longHours, shortMinutes }: BurnWindow): string => {
    const factor = burnRateOf(budgetShare, longHours, slo.windowDays)
    // Without the window's label, which would make two alerts of one as the pairs take turns.
    const above = (minutes: number): string =>
      `max(slo:sli_error:ratio_rate${windowText(minutes)}${select} > (${factor} * ${allowed})) without (slo_window)`
    return `(\n  ${above(shortMinutes)}\n  and\n  ${above(longHours * 60)}\n)`
  }
  const name = slo.alerting.name
  return [
    {
      alert: name,
      expr: `${burnWindows
        .filter((one) => one.severity === severity)
        .map(pair)
        .join('\nor\n')}\n`,
      labels: { slo_severity: severity, severity, ...details.labels },
      annotations: {
        summary: `${slo.title}: the error budget burns too fast`,
        title: `(${severity}) {{$labels.slo_service}} {{$labels.slo_name}}: the error budget burns too fast`,
        ...details.annotations,
      },
    },
  ]
}

/** Share of bad events over a window, as PromQL; undefined where there is no share. */
export function ratioOver(indicator: Indicator | undefined, window: string): string | undefined {
  const over = (query: string): string => query.replaceAll(/\{\{\s*\.window\s*\}\}/g, window)
  switch (indicator?.kind) {
    case 'bad':
      return `(${over(indicator.events)})\n/\n(${over(indicator.total)})\n`
    case 'good':
      return `1 - (\n  (${over(indicator.events)})\n  /\n  (${over(indicator.total)})\n)\n`
    case 'error-ratio':
      return `(${over(indicator.query)})\n`
    default:
      return undefined
  }
}

/** 360 as `6h`. */
function windowText(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440}d`
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
