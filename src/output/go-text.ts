/** Text as Go's libraries write it, where people's tools parse k6's output. */

/** RFC 3339 in local time with the fraction that is there, no trailing zeros: Go's `RFC3339Nano`. */
export function rfc3339Nano(unixMs: number): string {
  const ms = Math.floor(unixMs)
  const second = Math.floor(ms / 1000)
  const fraction = ms - second * 1000
  const { date, zone } = secondText(second)
  return fraction === 0 ? date + zone : `${date}.${String(fraction).padStart(3, '0').replace(/0+$/, '')}${zone}`
}

export function rfc3339(unixMs: number): string {
  const { date, zone } = secondText(Math.floor(unixMs / 1000))
  return date + zone
}

/** `%f`: six decimals, exact ties to the even digit. */
export function fixed6(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const abs = Math.abs(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (abs >= 1e21) return `${sign}${BigInt(abs)}.000000`
  const text = abs.toFixed(6)
  // Halves of a millionth that a double can hold are odd multiples of 1/128; toFixed rounds them up.
  const isTie = (abs * 128) % 2 === 1
  const last = text.charCodeAt(text.length - 1) - 48
  return sign + (isTie && last % 2 === 1 ? text.slice(0, -1) + String(last - 1) : text)
}

/** JSON text of a string without HTML escapes; what JavaScript writes differently is rewritten. */
export function jsonString(text: string): string {
  const json = JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd'))
  return SPECIAL.test(text)
    ? json
        .replace(/\u2028/g, '\\u2028')
        .replace(/\u2029/g, '\\u2029')
        .replace(/(?<!\\)((?:\\\\)*)\\b/g, '$1\\u0008')
        .replace(/(?<!\\)((?:\\\\)*)\\f/g, '$1\\u000c')
    : json
}

/** One field of a CSV row, quoted by Go's rule. */
export function csvField(text: string): string {
  if (text === '') return text
  if (text !== '\\.' && !/[",\r\n]/.test(text) && !/^\s/.test(text)) return text
  return `"${text.replaceAll('"', '""')}"`
}

const SPECIAL = /[\b\f\u2028\u2029]/

let lastSecond = Number.NaN
let lastText = { date: '', zone: '' }

/** Samples come in the order of time, so most of them share the second of the one before. */
function secondText(second: number): { readonly date: string; readonly zone: string } {
  if (second === lastSecond) return lastText
  const at = new Date(second * 1000)
  const offset = -at.getTimezoneOffset()
  const local = new Date(second * 1000 + offset * 60_000).toISOString().slice(0, 19)
  const two = (n: number): string => String(n).padStart(2, '0')
  const abs = Math.abs(offset)
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(abs / 60))}:${two(abs % 60)}`
  lastSecond = second
  lastText = { date: local, zone }
  return lastText
}
