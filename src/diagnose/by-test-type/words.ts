/** Numbers as people read them: three digits that matter. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return 'no limit'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

export function perSecond(value: number): string {
  return `${number(value)} requests/s`
}

export function percent(ratio: number): string {
  return `${number(100 * ratio)} %`
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${number(seconds)} s`
  if (seconds < 7200) return `${number(seconds / 60)} min`
  return `${number(seconds / 3600)} h`
}

/** Of a metric by its unit: `12.3 MB`, `41 ms`. */
export function quantity(value: number, unit: string): string {
  if (unit === 'bytes') {
    const scale = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)))
    return `${number(value / 1000 ** scale)} ${['B', 'kB', 'MB', 'GB'][scale]}`
  }
  return unit === '' ? number(value) : `${number(value)} ${unit}`
}
