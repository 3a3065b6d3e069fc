/** A number as a person reads it, already in words: what sentences are made of. */
export type Amount = string

export type AmountUnit = 'count' | 'ms' | 's' | 'hours' | 'ratio' | 'per-s' | 'bytes' | 'plain'

/** Digits that matter: three, and no more than the unit bears. */
export function amount(value: number | null | undefined, unit: AmountUnit, locale: string): Amount {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-'
  const number = (of: number, digits = 3): string =>
    of.toLocaleString(
      locale,
      Math.abs(of) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits },
    )
  switch (unit) {
    case 'count':
      return value.toLocaleString(locale, { maximumFractionDigits: 0 })
    case 'ms':
      return value >= 10_000 ? `${number(value / 1000)} s` : `${number(value)} ms`
    case 's':
      return value >= 7200
        ? `${number(value / 3600)} h`
        : value >= 120
          ? `${number(value / 60)} min`
          : `${number(value)} s`
    case 'hours':
      return value >= 48 ? `${number(value / 24)} d` : `${number(value)} h`
    case 'ratio':
      return new Intl.NumberFormat(locale, {
        style: 'percent',
        maximumSignificantDigits: value > 0 && value < 0.01 ? 2 : 3,
      }).format(value)
    case 'per-s':
      return `${number(value)}/s`
    case 'bytes': {
      const units = ['B', 'kB', 'MB', 'GB', 'TB']
      let size = value
      let at = 0
      while (Math.abs(size) >= 1000 && at < units.length - 1) {
        size /= 1000
        at++
      }
      return `${number(size)} ${units[at]}`
    }
    case 'plain':
      return number(value)
  }
}
