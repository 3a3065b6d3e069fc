/**
 * Durations as k6 writes and reads them: Go's notation plus days, held as whole nanoseconds. A JavaScript number holds
 * them exactly up to 2^53 ns (104 days); longer ones are rounded to the nearest number that there is.
 */
export const NS_PER_MS = 1_000_000
export const NS_PER_S = 1_000_000_000

export type DurationResult = { readonly ns: number } | { readonly error: string }

/**
 * Reads what k6 accepts in options and environment: `1m30.5s`, `1d12h`, `300ms`, `-5s`, and a number (or a number in
 * a string), which means milliseconds.
 * @returns nanoseconds, or the error in the words that k6 prints (Go's `time` package).
 */
export function parseDuration(value: unknown): DurationResult {
  if (typeof value === 'number') return fromMs(value, String(value))
  if (typeof value !== 'string') return { error: `'${JSON.stringify(value)}' is not a valid duration value` }
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return fromMs(Number(value), value)
  const d = value.indexOf('d')
  return d < 0 ? parseGoDuration(value) : parseDays(value, d)
}

/** Reads Go's own notation only, as k6's command line does: there a bare number is refused, and there are no days. */
export function parseGoDuration(text: string): DurationResult {
  const sign = text.startsWith('-') ? -1n : 1n
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return { ns: 0 }
  if (rest === '') return invalid(text)
  let total = 0n
  while (rest !== '') {
    const number = /^(\d*)(?:(\.)(\d*))?/.exec(rest)
    const whole = number?.[1] ?? ''
    const fraction = number?.[3] ?? ''
    if (whole === '' && fraction === '') return invalid(text)
    rest = rest.slice(number?.[0].length ?? 0)
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? ''
    if (unit === '') return { error: `time: missing unit in duration ${JSON.stringify(text)}` }
    const unitNs = UNITS[unit]
    if (unitNs === undefined) {
      return { error: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` }
    }
    rest = rest.slice(unit.length)
    total += BigInt(whole || '0') * unitNs
    // A fraction of a nanosecond is cut off, as in Go. More digits than this cannot move the result.
    const digits = fraction.slice(0, 30)
    if (digits !== '') total += (BigInt(digits) * unitNs) / 10n ** BigInt(digits.length)
    if (total > MAX_NS) return invalid(text)
  }
  return { ns: toNumber(sign * total) }
}

/** Prints as Go does: `10m0s`, `1m30.5s`, `300ms`, `1.5µs`, `0s`. */
export function formatDuration(ns: number): string {
  if (ns === 0) return '0s'
  const sign = ns < 0 ? '-' : ''
  const abs = BigInt(Math.round(Math.abs(ns)))
  if (abs < 1_000n) return `${sign}${abs}ns`
  if (abs < 1_000_000n) return `${sign}${decimal(abs, 1_000n)}µs`
  if (abs < 1_000_000_000n) return `${sign}${decimal(abs, 1_000_000n)}ms`
  const seconds = `${decimal(abs % 60_000_000_000n, 1_000_000_000n)}s`
  const minutes = abs / 60_000_000_000n
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/**
 * Prints a moment of a progress line in tenths of a second, padded to the width that `maxNs` needs, so that the line
 * does not jump: `05.0s` of 10s, `0m05.0s` of 1m, `00m05.0s` of 10m.
 */
export function formatFixedDuration(ns: number, maxNs: number): string {
  const tenths = Math.round(Math.abs(ns) / 1e8)
  const max = Math.max(Math.round(Math.abs(maxNs) / 1e8), tenths)
  const s = `${Math.floor(tenths / 10) % 60}.${tenths % 10}s`
  if (max < 100) return s
  const ss = s.padStart(5, '0')
  if (max < 600) return ss
  const m = String(Math.floor(tenths / 600) % 60)
  if (max < 6_000) return `${m}m${ss}`
  const mm = m.padStart(2, '0')
  if (max < 36_000) return `${mm}m${ss}`
  const h = String(Math.floor(tenths / 36_000) % 24)
  if (max < 360_000) return `${h}h${mm}m${ss}`
  const hh = h.padStart(2, '0')
  if (max < 864_000) return `${hh}h${mm}m${ss}`
  const days = String(Math.floor(tenths / 864_000))
  return `${days.padStart(String(Math.floor(max / 864_000)).length, '0')}d${hh}h${mm}m${ss}`
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
/** Go's `time.Duration` ends here (292 years). */
const MAX_NS = 2n ** 63n - 1n

function parseDays(text: string, d: number): DurationResult {
  const after = text.slice(d + 1)
  const hours = after === '' ? { ns: 0 } : parseGoDuration(after)
  if ('error' in hours) return hours
  if (hours.ns < 0) return { error: `invalid time format '${after}'` }
  const before = text.slice(0, d)
  if (!/^[+-]?\d+$/.test(before)) {
    return { error: `strconv.ParseInt: parsing ${JSON.stringify(before)}: invalid syntax` }
  }
  const days = BigInt(before) * 86_400_000_000_000n
  const total = days < 0n ? days - BigInt(hours.ns) : days + BigInt(hours.ns)
  return total > MAX_NS || total < -MAX_NS ? invalid(text) : { ns: toNumber(total) }
}

function fromMs(ms: number, text: string): DurationResult {
  const ns = Math.trunc(ms * NS_PER_MS)
  return Number.isFinite(ns) && Math.abs(ns) <= Number(MAX_NS) ? { ns: ns + 0 } : invalid(text)
}

function toNumber(ns: bigint): number {
  return Number(ns)
}

function invalid(text: string): DurationResult {
  return { error: `time: invalid duration ${JSON.stringify(text)}` }
}

/** `whole.fraction` of `ns / unit`, with trailing zeros cut. */
function decimal(ns: bigint, unit: bigint): string {
  const digits = String(unit).length - 1
  const fraction = String(ns % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(ns / unit) : `${ns / unit}.${fraction}`
}
