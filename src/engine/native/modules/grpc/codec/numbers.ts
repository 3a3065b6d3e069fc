/** Numbers as protobuf's JSON mapping reads and writes them. */

const jsonNumber = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** The whole number that a JSON number stands for ('12', '1.0', '12e3'); undefined when it is none, or has 100 digits. */
export function wholeNumber(text: string): bigint | undefined {
  const match = jsonNumber.exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const digits = whole! + fraction
  const point = whole!.length + Number(exponent)
  if (/^0*$/.test(digits)) return 0n
  if (point > 100 || point < 0) return undefined
  const padded = digits.padEnd(point, '0')
  if (!/^0*$/.test(padded.slice(point))) return undefined
  return BigInt(`${sign}${padded.slice(0, point)}`)
}

/** The number of a JSON string or number; undefined when it is none. */
export function floatOf(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN
  if (text === 'Infinity') return Number.POSITIVE_INFINITY
  if (text === '-Infinity') return Number.NEGATIVE_INFINITY
  const value = jsonNumber.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** Shortest decimal that is this 32-bit float again: 0.1, not 0.10000000149011612. */
export function shortFloat(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) <= 16_777_216)) return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return shorter(value, short, digits)
  }
  return Number(value.toPrecision(9))
}

function shorter(value: number, found: number, digits: number): number {
  if (digits > 6) return found
  for (let fewer = 5; fewer > 0; fewer--) {
    const short = Number(value.toPrecision(fewer))
    if (Math.fround(short) !== value) return found
    found = short
  }
  return found
}

const two32 = 4_294_967_296

/** A signed 64-bit number in two words as decimal text. */
export function int64Text(low: number, high: number): string {
  // Up to 2^53 a number holds it exactly.
  if (high < 0x200000) return String(high * two32 + low)
  if (high >= 0xffe00000) return String((high - two32) * two32 + low)
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString()
}

export function uint64Text(low: number, high: number): string {
  if (high < 0x200000) return String(high * two32 + low)
  return ((BigInt(high) << 32n) | BigInt(low)).toString()
}

/** RFC 3339 of a Timestamp, with 0, 3, 6 or 9 digits behind the point. */
export function timestampText(seconds: number, nanos: number): string {
  const date = new Date(seconds * 1000).toISOString().slice(0, 19)
  return `${date}${fractionText(nanos)}Z`
}

export function durationText(seconds: number, nanos: number): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : ''
  return `${sign}${Math.abs(seconds)}${fractionText(Math.abs(nanos))}s`
}

function fractionText(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`
}

export interface SecondsNanos {
  readonly seconds: number
  readonly nanos: number
}

export const maxDurationSeconds = 315_576_000_000
export const minTimestampSeconds = -62_135_596_800
export const maxTimestampSeconds = 253_402_300_799

/** '1.5s'; undefined when it is no duration. The range is not checked. */
export function parseDuration(text: string): SecondsNanos | undefined {
  const match = /^([+-]?)(0|[1-9]\d*)?(?:(\.)(\d{0,9}))?s$/.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', point, fraction = ''] = match
  if (whole === '' && point === undefined) return undefined
  if (whole.length > 18) return undefined
  const factor = sign === '-' ? -1 : 1
  // `+ 0` turns -0 into 0.
  return {
    seconds: factor * Number(whole === '' ? 0 : whole) + 0,
    nanos: factor * Number(fraction.padEnd(9, '0')) + 0,
  }
}

/** RFC 3339 with at most nine digits of a second and any zone. */
export function parseTimestamp(text: string): SecondsNanos | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const date = new Date(0)
  date.setUTCFullYear(part(1), part(2) - 1, part(3))
  const real = date.getUTCMonth() === part(2) - 1 && date.getUTCDate() === part(3)
  if (!real || part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return undefined
  const zone = (part(9) * 60 + part(10)) * (match[8] === '-' ? -60 : 60)
  const seconds = date.getTime() / 1000 + part(4) * 3600 + part(5) * 60 + part(6) - zone
  return { seconds, nanos: Number((match[7] ?? '').padEnd(9, '0')) }
}

/** Bytes of standard or URL base64, with or without padding; undefined when the text is no base64. */
export function parseBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) && !/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return undefined
  const bare = text.replace(/=+$/, '')
  const padding = text.length - bare.length
  if (bare.length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined
  return Buffer.from(bare, 'base64')
}
