import type { RunComparison, ValueComparison } from './compare-runs.js'

const words: Readonly<Record<RunComparison['verdict'], string>> = {
  regression: 'REGRESSION',
  better: 'BETTER',
  same: 'SAME',
  inconclusive: 'CANNOT TELL',
  invalid: 'NOT COMPARABLE',
}

export function comparisonText(comparison: RunComparison): string {
  const { verdict, why, takes, runs, values, onlyIn } = comparison
  const lines = [`${words[verdict]}  ${plain(why)}`]
  if (takes !== '') lines.push(`  to decide: ${takes}`)
  lines.push('', `  ${runs.a} ${runs.a === 1 ? 'run' : 'runs'} before, ${runs.b} after`, '')
  const rows = values.map((one) => [plain(one.name), number(one, one.a), number(one, one.b), change(one), one.verdict])
  const all = [['', 'before', 'after', 'change [95 %]', ''], ...rows]
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)))
  for (const row of all) lines.push(`  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd())
  for (const [side, names] of [
    ['before', onlyIn.a],
    ['after', onlyIn.b],
  ] as const) {
    if (names.length > 0) lines.push('', `  only ${side}: ${names.slice(0, 8).map(plain).join(', ')}`)
  }
  return `${lines.join('\n')}\n`
}

export function comparisonMarkdown({ verdict, why, takes, values }: RunComparison): string {
  const lines = [`**${words[verdict]}.** ${cell(why)}.${takes === '' ? '' : ` To decide: ${cell(takes)}.`}`, '']
  lines.push('| | before | after | change [95 %] | |', '|---|--:|--:|--:|---|')
  for (const one of values)
    lines.push(
      `| ${cell(one.name)} | ${number(one, one.a)} | ${number(one, one.b)} | ${change(one)} | ${one.verdict} |`,
    )
  return `${lines.join('\n')}\n`
}

function number({ unit }: ValueComparison, value: number): string {
  if (unit === 'ratio') return `${(100 * value).toFixed(2)} %`
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(2)} ${unit}`
}

function change({ change: of, low, high, unit }: ValueComparison): string {
  const shown = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(unit === 'ratio' ? 2 : 1)}`
  const points = unit === 'ratio' ? ' points' : ' %'
  return `${shown(of)}${points}${low === null || high === null ? '' : ` [${shown(low)}, ${shown(high)}]`}`
}

function cell(text: string): string {
  return plain(text).replace(/[\\`*_[\]<>|]/g, '\\$&')
}

/** Names of endpoints come from targets. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?').slice(0, 400)
}
