/** Numbers as k6 prints them: truncated, never rounded up, so that 99.99 % never reads as 100 %. */
import type { MetricType, ValueKind } from '#metrics/index.js'

export type TimeUnit = 's' | 'ms' | 'us' | undefined

/** A value of a metric; the unit follows from what the metric holds. */
export function formatValue(
  value: number,
  metric: { readonly type: MetricType; readonly contains: ValueKind },
  timeUnit: TimeUnit,
): string {
  if (metric.type === 'rate') return formatPercent(value)
  if (metric.contains === 'data') return formatBytes(value)
  if (metric.contains === 'time') return formatDuration(value, timeUnit)
  return formatNumber(value)
}

/** 0.33333 -> `33.33%`. */
export function formatPercent(ratio: number): string {
  return `${(Math.trunc(ratio * 10_000) / 100).toFixed(2)}%`
}

/** Six decimals at most, no trailing zeros. */
export function formatNumber(value: number): string {
  return String(Number.parseFloat(value.toFixed(6)))
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']

/** Steps of 1000; one decimal below 10. */
export function formatBytes(bytes: number): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`
  if (!Number.isFinite(bytes)) return `${bytes} B`
  if (bytes < 10) return `${formatNumber(bytes)} B`
  const step = Math.min(Math.floor(Math.log(bytes) / Math.log(1000)), BYTE_UNITS.length - 1)
  const value = Math.floor((bytes / 1000 ** step) * 10 + 0.5) / 10
  return `${value.toFixed(value < 10 ? 1 : 0)} ${BYTE_UNITS[step]}`
}

const FIXED_UNITS = { s: { label: 's', perMs: 0.001 }, ms: { label: 'ms', perMs: 1 }, us: { label: 'µs', perMs: 1000 } }

/** Milliseconds in the unit that was asked for, else in the one that reads best: `870.12µs`, `4.08ms`, `1m23s`. */
export function formatDuration(ms: number, timeUnit?: TimeUnit): string {
  if (timeUnit !== undefined) {
    const unit = FIXED_UNITS[timeUnit]
    return `${(ms * unit.perMs).toFixed(2)}${unit.label}`
  }
  if (ms < 0) return `-${formatDuration(-ms)}`
  if (ms === 0) return '0s'
  if (!Number.isFinite(ms)) return `${ms}s`
  if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`
  if (ms < 1) return `${truncated(ms * 1000)}µs`
  if (ms < 1000) return `${truncated(ms)}ms`
  const minutes = Math.trunc(ms / 60_000)
  const seconds = (ms % 60_000) / 1000
  if (minutes < 1) return `${truncated(seconds)}s`
  // k6 keeps two decimals for exactly one minute, and none above.
  const rest = `${ms > 60_000 ? Math.trunc(seconds) : truncated(seconds)}s`
  const hours = Math.trunc(minutes / 60)
  return hours < 1 ? `${minutes}m${rest}` : `${hours}h${minutes % 60}m${rest}`
}

const COLOUR = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*m`, 'g')

/** Columns that a text takes on a terminal, escape sequences left out. */
export function displayWidth(text: string): number {
  return Array.from(text.normalize('NFKC').replace(COLOUR, '')).length
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text
}

function truncated(value: number): string {
  return formatNumber(Math.trunc(value * 100) / 100)
}
