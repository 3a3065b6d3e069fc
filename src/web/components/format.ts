/** Numbers as people read them: few digits, with their unit. */

export type Unit = 'ms' | 'per-s' | 'ratio' | 'bytes' | 'bytes-per-s' | 'cores' | 'count' | 's'

/** `-` for no data: it is never shown as 0. */
export function formatNumber(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-'
  switch (unit) {
    case 'ms':
      return value >= 10_000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`
    case 's':
      return `${digits(value)} s`
    case 'per-s':
      return `${grouped(value)}/s`
    case 'ratio':
      return `${digits(value * 100)} %`
    case 'bytes':
      return bytes(value)
    case 'bytes-per-s':
      return `${bytes(value)}/s`
    case 'cores':
      return `${digits(value)} cores`
    case 'count':
      return grouped(value)
  }
}

/** For axes: without the unit where the chart's title has it. */
export function formatTick(value: number, unit: Unit): string {
  if (unit === 'bytes' || unit === 'bytes-per-s') return bytes(value)
  if (unit === 'ratio') return `${trim((value * 100).toFixed(value < 0.1 ? 1 : 0))}%`
  if (Math.abs(value) >= 1e6) return `${trim((value / 1e6).toFixed(1))}M`
  if (Math.abs(value) >= 1e4) return `${trim((value / 1e3).toFixed(1))}k`
  return trim(value.toFixed(Math.abs(value) < 1 ? 2 : Math.abs(value) < 10 ? 1 : 0))
}

/** mm:ss, hours where there are any. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const h = Math.floor(whole / 3600)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${h > 0 ? `${h}:` : ''}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
}

/** The unit that the end of an observed metric's name says (`src/observe/catalogue.ts`). */
export function unitOfName(name: string): Unit {
  if (name.endsWith('_bytes_per_s')) return 'bytes-per-s'
  if (name.endsWith('_ratio') || /_ratio_\d+$/.test(name)) return 'ratio'
  if (name.endsWith('_bytes')) return 'bytes'
  if (name.endsWith('_ms')) return 'ms'
  if (name.endsWith('_cores')) return 'cores'
  if (name.endsWith('_per_s')) return 'per-s'
  return 'count'
}

function digits(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 100) return grouped(Math.round(value))
  return trim(value.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3))
}

function grouped(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e7) return `${trim((value / 1e6).toFixed(1))}M`
  return Number(value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2)).toLocaleString('en-US')
}

function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = value
  let unit = 0
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${trim(size.toFixed(Math.abs(size) >= 100 || unit === 0 ? 0 : 1))} ${units[unit]}`
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
