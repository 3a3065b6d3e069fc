/** A duet's verdict for a terminal, for a pull request and for programs. */
import { quantileOf } from '#stats/index.js'
import { changeText } from './judge.js'
import type { Comparison, DuetMeasure, DuetVerdict } from './types.js'

const words: Readonly<Record<DuetVerdict['verdict'], string>> = {
  regression: 'REGRESSION',
  better: 'BETTER',
  same: 'SAME',
  inconclusive: 'CANNOT TELL',
  invalid: 'INVALID',
}

export interface DuetNames {
  readonly a: string
  readonly b: string
  readonly requests: string
  /** How long one side was measured in a duet, milliseconds. */
  readonly measuredMs: number
}

export function duetText(verdict: DuetVerdict, names: DuetNames): string {
  const lines = [`${words[verdict.verdict]}  ${plain(verdict.why)}`]
  if (verdict.takes !== '') lines.push(`  to decide: ${verdict.takes}`)
  lines.push('', `  a  ${plain(names.a)}`, `  b  ${plain(names.b)}`)
  lines.push(
    `  ${verdict.duets} duets of ${names.measuredMs / 1000} s, the same requests to both: ${plain(names.requests)}`,
    '',
  )
  const rows = verdict.comparisons.map((one) => [
    one.metric === 'cpu' ? 'CPU/request' : one.metric,
    plain(one.endpoint),
    value(one, one.a),
    value(one, one.b),
    change(one),
    one.verdict === 'inconclusive' ? 'cannot tell' : one.verdict,
    one.detectable === null ? '' : `${(100 * one.detectable).toFixed(1)} %`,
  ])
  lines.push(...table([['', 'endpoint', 'a', 'b', 'b against a [95 %]', '', 'finds'], ...rows]))
  for (const warning of verdict.warnings) lines.push('', `  ! ${plain(warning)}`)
  return `${lines.join('\n')}\n`
}

/** A paragraph and a table, for a pull request. */
export function duetMarkdown(verdict: DuetVerdict, names: DuetNames): string {
  const lines = [
    `**${words[verdict.verdict].toLowerCase().replace(/^./, (letter) => letter.toUpperCase())}.** ${cell(verdict.why)}.`,
  ]
  lines.push(
    `Measured by ${verdict.duets} duets of ${names.measuredMs / 1000} s: both versions at once, the same requests to both in alternation (${cell(names.requests)}), fresh processes and swapped roles each time. Changes below ${(100 * verdict.margin).toFixed(0)} % are not reported as changes.`,
  )
  if (verdict.takes !== '') lines.push(`To decide it takes ${verdict.takes}.`)
  lines.push('', '| | endpoint | before | after | change [95 %] | verdict |', '|---|---|--:|--:|--:|---|')
  for (const one of verdict.comparisons) {
    const name = one.metric === 'cpu' ? 'CPU per request' : one.metric
    const word = one.verdict === 'inconclusive' ? 'cannot tell' : one.verdict
    lines.push(
      `| ${name} | ${cell(one.endpoint)} | ${value(one, one.a)} | ${value(one, one.b)} | ${change(one)} | ${word} |`,
    )
  }
  for (const warning of verdict.warnings) lines.push('', `> ${cell(warning)}`)
  return `${lines.join('\n')}\n`
}

/** For `--json`, and what is kept: without the single latencies. */
export function duetJson(verdict: DuetVerdict, names: DuetNames, duets: readonly DuetMeasure[]): object {
  const bare = (side: DuetMeasure['a']): object => ({
    requests: side.requests,
    errors: side.errors,
    cpuUsPerRequest: side.cpuUsPerRequest,
    rssBytes: side.rssBytes,
    p50Ms: quantileOf([...side.latencyMs.values()].flat(), 0.5) ?? null,
    p95Ms: quantileOf([...side.latencyMs.values()].flat(), 0.95) ?? null,
  })
  return {
    formatVersion: 1,
    ...verdict,
    sides: { a: names.a, b: names.b },
    requests: names.requests,
    measuredMs: names.measuredMs,
    measures: duets.map(({ a, b, ...rest }) => ({ ...rest, a: bare(a), b: bare(b) })),
  }
}

function value({ unit }: Comparison, of: number | null): string {
  if (of === null) return '-'
  if (unit === 'ratio') return `${(100 * of).toFixed(2)} %`
  const digits = of >= 100 ? 0 : of >= 10 ? 1 : 2
  return `${of.toFixed(digits)} ${unit === 'us' ? 'us' : 'ms'}`
}

/** Without the metric's name, which has a column. */
function change(one: Comparison): string {
  if (one.change === null) return 'no value'
  return changeText({ ...one, metric: '', endpoint: 'all' }).trim()
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) => `  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd())
}

function cell(text: string): string {
  return plain(text).replace(/[\\`*_[\]<>|]/g, '\\$&')
}

/** Names come from commands and paths: no control characters reach a terminal. */
export function plain(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?').slice(0, 300)
}
