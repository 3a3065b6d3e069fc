/** The top table for a terminal: a line below the hot spots. */
import { type Profile, sampleCount } from '../model.js'
import { top } from './top.js'
import { formatValue } from './units.js'

export interface TopTextOptions {
  readonly value?: number
  readonly limit: number
  readonly width: number
}

export function topText(profile: Profile, { value = profile.mainValue, limit, width }: TopTextOptions): string {
  const type = profile.valueTypes[value]
  const unit = type?.unit ?? 'count'
  const { rows, total, hot } = top(profile, value)
  const shown = rows.slice(0, limit)
  const lines = [
    `${type?.type ?? 'value'}: ${formatValue(total, unit)} in ${sampleCount(profile).toLocaleString('en-US')} samples${profile.durationNs === undefined ? '' : ` over ${formatValue(profile.durationNs, 'nanoseconds')}`}`,
    '',
    `${'self'.padStart(10)} ${'self %'.padStart(7)} ${'sum %'.padStart(7)} ${'total'.padStart(10)} ${'total %'.padStart(8)}  function`,
  ]
  for (const [i, row] of shown.entries()) {
    const place = row.file === '' ? row.module : `${row.file}${row.line > 0 ? `:${row.line}` : ''}`
    const text = `${plain(row.name)}${place === '' ? '' : `  ${plain(place)}`}`
    lines.push(
      `${formatValue(row.self, unit).padStart(10)} ${percent(row.selfRatio).padStart(7)} ${percent(row.cumulativeRatio).padStart(7)} ${formatValue(row.total, unit).padStart(10)} ${percent(row.totalRatio).padStart(8)}  ${text.slice(0, Math.max(30, width - 48))}`,
    )
    if (i + 1 === hot && hot < shown.length) lines.push(`${'-'.repeat(10)} these ${hot} hold 80 %`)
  }
  if (rows.length > shown.length) lines.push(`${' '.repeat(10)} ${rows.length - shown.length} more functions`)
  for (const note of profile.notes) lines.push(`note: ${plain(note)}`)
  return `${lines.join('\n')}\n`
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`
}

/** Names come from the program that was profiled: nothing of theirs steers the terminal. */
export function plain(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}
