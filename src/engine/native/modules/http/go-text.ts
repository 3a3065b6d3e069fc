/**
 * Go's way to print values, which k6's messages and form bodies show: quoting, numbers, type names, durations.
 * Sources: pkg.go.dev strconv.Quote, fmt (`%v`, `%T`), time.ParseDuration.
 */

/** `strconv.Quote`. */
export function quote(text: string): string {
  let out = '"'
  for (const ch of text) {
    const code = ch.codePointAt(0) as number
    if (ch === '"' || ch === '\\') out += `\\${ch}`
    else if (code >= 0x20 && code !== 0x7f && (code < 0x80 || isPrintable(ch))) out += ch
    else if (escapes[ch] !== undefined) out += escapes[ch]
    else if (code < 0x80) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`
    else out += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `${out}"`
}

const escapes: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function isPrintable(ch: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(ch)
}

/** `%v` of a number that came from JavaScript. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  if (Object.is(value, -0)) return '-0'
  const size = Math.abs(value)
  // Go changes to an exponent below 1e-4, JavaScript below 1e-6; Go pads the exponent to two digits.
  if (size !== 0 && size < 1e-4) {
    const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
    return `${mantissa}e-${exponent.slice(1).padStart(2, '0')}`
  }
  return String(value)
}

/** `%v` of a value after k6 exported it to Go. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') return value
  if (isDate(value)) return formatTime(value)
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.keys(value).sort()
    return `map[${entries.map((key) => `${key}:${formatValue((value as Record<string, unknown>)[key])}`).join(' ')}]`
  }
  return String(value)
}

/** `time.Time`'s `%v` in UTC. */
export function formatTime(date: Date): string {
  if (Number.isNaN(date.getTime())) return '0001-01-01 00:00:00 +0000 UTC'
  const iso = date.toISOString()
  const fraction = date.getUTCMilliseconds() === 0 ? '' : iso.slice(19, 23).replace(/0+$/, '')
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction} +0000 UTC`
}

/** `%T` of a value after k6 exported it to Go. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>'
    case 'string':
    case 'symbol':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER && !Object.is(value, -0)
        ? 'int64'
        : 'float64'
    case 'bigint':
      return '*big.Int'
    case 'function':
      return 'func(sobek.FunctionCall) sobek.Value'
    default:
  }
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isDate(value)) return 'time.Time'
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object Map]') return '[][2]interface {}'
  if (tag === '[object Set]') return '[]interface {}'
  if (tag === '[object ArrayBuffer]') return 'sobek.ArrayBuffer'
  if (tag === '[object Promise]') return '*sobek.Promise'
  const element = elementTypes[tag.slice(8, -1)]
  if (element !== undefined) return `[]${element}`
  return 'map[string]interface {}'
}

const elementTypes: Record<string, string> = {
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int8Array: 'int8',
  Uint16Array: 'uint16',
  Int16Array: 'int16',
  Uint32Array: 'uint32',
  Int32Array: 'int32',
  Float32Array: 'float32',
  Float64Array: 'float64',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
}

export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/**
 * Milliseconds of a duration as k6 reads it: a number, or Go's text with days allowed ("1d12h", "1.5s", "250").
 * @throws Error in Go's words
 */
export function durationMs(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') throw new Error(`unable to use type ${typeName(value)} as a duration value`)
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value)) return Number(value)
  const day = value.indexOf('d')
  if (day < 0) return goDurationMs(value)
  const days = value.slice(0, day)
  const rest = value.slice(day + 1)
  let ms = 0
  if (rest !== '') {
    ms = goDurationMs(rest)
    if (ms < 0) throw new Error(`invalid time format '${rest}'`)
  }
  if (!/^[+-]?\d+$/.test(days)) throw new Error(`strconv.ParseInt: parsing ${quote(days)}: invalid syntax`)
  const count = Number(days)
  return count * 86_400_000 + (count < 0 ? -ms : ms)
}

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

function goDurationMs(text: string): number {
  const invalid = (): Error => new Error(`time: invalid duration ${quote(text)}`)
  let rest = text
  const negative = rest.startsWith('-')
  if (negative || rest.startsWith('+')) rest = rest.slice(1)
  if (rest === '0') return 0
  if (rest === '') throw invalid()
  let total = 0
  while (rest !== '') {
    const number = /^(\d+(\.\d*)?|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) throw invalid()
    rest = rest.slice(number.length)
    const unit = /^[^.\d]+/.exec(rest)?.[0]
    if (unit === undefined) throw new Error(`time: missing unit in duration ${quote(text)}`)
    const size = unitMs[unit]
    if (size === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
    total += Number(number) * size
    rest = rest.slice(unit.length)
  }
  return negative ? -total : total
}
