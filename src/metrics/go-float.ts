/**
 * Reads a number as Go's `strconv.ParseFloat(s, 64)` does, since that decides which thresholds and trend columns k6
 * accepts: decimals and hexadecimal floats of the Go grammar with `_` between digits, `inf`, `infinity` and `nan` in any
 * case. Source: pkg.go.dev/strconv#ParseFloat; acceptance compared with k6 v2.2.
 * @returns the number, or why Go refuses it
 */
export function parseGoFloat(text: string): number | 'invalid syntax' | 'value out of range' {
  const special = /^([+-]?)(inf|infinity)$/i.exec(text)
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^nan$/i.test(text)) return Number.NaN
  const hex = /^([+-]?)0x(_?[0-9a-f](?:_?[0-9a-f])*)?(?:\.([0-9a-f](?:_?[0-9a-f])*)?)?p([+-]?[0-9](?:_?[0-9])*)$/i.exec(
    text,
  )
  if (hex !== null) return parseHex(hex[1] ?? '', hex[2] ?? '', hex[3] ?? '', hex[4] ?? '0')
  if (!/^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/i.test(text))
    return 'invalid syntax'
  const value = Number(text.replaceAll('_', ''))
  return Number.isFinite(value) ? value : 'value out of range'
}

function parseHex(
  sign: string,
  whole: string,
  fraction: string,
  exponent: string,
): number | 'invalid syntax' | 'value out of range' {
  const digits = `${whole}${fraction}`.replaceAll('_', '')
  if (digits === '') return 'invalid syntax'
  let mantissa = 0
  for (const digit of digits) mantissa = mantissa * 16 + Number.parseInt(digit, 16)
  const shift = Number(exponent.replaceAll('_', '')) - 4 * fraction.replaceAll('_', '').length
  const value = mantissa * 2 ** shift * (sign === '-' ? -1 : 1)
  return Number.isFinite(value) ? value : 'value out of range'
}
