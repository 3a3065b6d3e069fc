/** SLO results and proposals for a terminal. */
import type { BudgetResult } from './budgets.js'
import { burnRateOf, detectionS } from './budget.js'
import type { SloResult } from './check-record.js'
import { serviceClasses } from './classes.js'
import type { Proposal } from './init.js'
import type { SloFile } from './model.js'
import { burnWindows } from './rules.js'
import { percentText } from './write.js'

/** The mission's table of recommended objectives. */
export function classTable(): string {
  const rows = serviceClasses.map(({ type, title, p95Ms, p99Ms, availability }) => [
    title,
    `< ${timeText(p95Ms)}`,
    `< ${timeText(p99Ms)}`,
    percentText(availability),
    type,
  ])
  return columns([['Service type', 'p95 latency', 'p99 latency', 'Availability', '--type'], ...rows])
}

export function resultsText(results: readonly SloResult[], windowText: string): string {
  const rows = results.map((one) => [
    word(one.verdict),
    plain(one.title),
    measuredText(one),
    budgetText(one),
    plain(one.note),
  ])
  const counts = (verdict: SloResult['verdict']): number => results.filter((one) => one.verdict === verdict).length
  const parts = [
    `${counts('met')} met`,
    `${counts('missed')} missed`,
    ...(counts('unsure') > 0 ? [`${counts('unsure')} undecided`] : []),
    ...(counts('no-data') > 0 ? [`${counts('no-data')} without data`] : []),
    ...(counts('not-judged') > 0 ? [`${counts('not-judged')} not judged`] : []),
  ]
  return `${columns([['', 'Objective', 'Measured', `Error budget ${windowText}`, ''], ...rows])}\n${parts.join(', ')}\n`
}

export function proposalText({ lines }: Proposal): string {
  const number = (value: number, unit: string): string =>
    unit === 'ms' ? timeText(value) : unit === 'ratio' ? percentText(value) : `${Number(value.toPrecision(4))}${unit}`
  const rows = lines.map(({ slo, baseline, expected, promised, unit, note }) => [
    plain(slo),
    baseline === null
      ? 'not measured'
      : `${number(baseline.value, unit)}${baseline.low === null || baseline.high === null ? '' : ` [${number(baseline.low, unit)}, ${number(baseline.high, unit)}]`}`,
    number(expected, unit),
    number(promised, unit),
    note,
  ])
  return columns([['Objective', 'Baseline', 'Users expect', 'Promise', ''], ...rows])
}

export function budgetsText(results: readonly BudgetResult[]): string {
  const number = (value: number | null, unit: BudgetResult['unit']): string => {
    if (value === null) return ''
    if (unit === 'ms') return timeText(value)
    if (unit === 'ratio') return `${Number((value * 100).toPrecision(3))} %`
    return `${Number(value.toPrecision(4)).toLocaleString('en-US')} ${unit}`
  }
  const rows = results.map(({ name, budget, value, unit, verdict }) => [
    { kept: 'kept', broken: 'BROKEN', 'no-data': 'no data' }[verdict],
    plain(name),
    number(value, unit),
    number(budget, unit),
  ])
  return columns([['', 'Budget', 'Measured', 'At most'], ...rows])
}

function word(verdict: SloResult['verdict']): string {
  return { met: 'met', missed: 'MISSED', unsure: 'undecided', 'no-data': 'no data', 'not-judged': 'not judged' }[
    verdict
  ]
}

function measuredText({ measured }: SloResult): string {
  if (measured === null) return ''
  const { value, unit, low, high } = measured
  const text = (one: number): string =>
    unit === 'ms'
      ? timeText(one)
      : unit === 'ratio'
        ? percentText(Number(one.toPrecision(3)))
        : `${Number(one.toPrecision(4))}${unit}`
  const interval =
    low === null || high === null || (low === value && high === value) ? '' : ` [${text(low)}, ${text(high)}]`
  return `${text(value)}${interval}${unit === 'ratio' ? ' bad' : ''}`
}

function budgetText({ budget, exhaustedInDays }: SloResult): string {
  if (budget === null || budget.burnRate === null || budget.remaining === null) return ''
  const burn = Number.isFinite(budget.burnRate) ? Number(budget.burnRate.toPrecision(3)) : 'infinite'
  const left = `${Math.round(budget.remaining * 100)} % left`
  const days = exhaustedInDays === null ? '' : `, lasts ${daysText(exhaustedInDays)}`
  return `${left}, burn rate ${burn}${days}`
}

function daysText(days: number): string {
  if (days >= 1) return `${Number(days.toPrecision(3))} days`
  return days * 24 >= 1 ? `${Number((days * 24).toPrecision(3))} h` : `${Number((days * 1440).toPrecision(3))} min`
}

function timeText(ms: number): string {
  return ms >= 1000 ? `${Number((ms / 1000).toPrecision(4))} s` : `${Number(ms.toPrecision(3))} ms`
}

/** When the alerts of each objective fire. Source: The Site Reliability Workbook, chapter 5, "Detection time". */
export function alertsText({ slos }: SloFile): string {
  const failing = [1, 0.1, 0.01]
  const rows = slos.flatMap(({ name, target, windowDays, indicator }) =>
    indicator === undefined || indicator.kind === 'level'
      ? []
      : burnWindows.map(({ severity, budgetShare, longHours, shortMinutes }) => {
          const burn = burnRateOf(budgetShare, longHours, windowDays)
          return [
            plain(name),
            severity,
            `${Number(burn.toPrecision(4))}`,
            `${longHours} h and ${shortMinutes} min`,
            `${budgetShare * 100} %`,
            ...failing.map((errors) => {
              const s = detectionS(target, burn, longHours * 3600, errors)
              return s === null ? 'never' : daysText(s / 86_400)
            }),
          ]
        }),
  )
  const head = [
    'Objective',
    'Alert',
    'Burn rate',
    'Windows',
    'Budget gone',
    ...failing.map((one) => `${one * 100} % failing`),
  ]
  return columns([head, ...rows])
}

/** Names come from files and records. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
