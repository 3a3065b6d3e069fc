/**
 * The four base64 alphabets of k6 and its decoder's strictness: line ends are skipped, anything else that is out of
 * place is an error that names the byte.
 */
export type Base64Variant = 'std' | 'rawstd' | 'url' | 'rawurl'

/** What k6 makes of an `encoding` argument: an unknown one is `std`. */
export function base64Variant(name: string): Base64Variant {
  return name === 'rawstd' || name === 'url' || name === 'rawurl' ? name : 'std'
}

export function encodeBase64(bytes: Uint8Array, variant: Base64Variant): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (variant === 'std') return buffer.toString('base64')
  if (variant === 'rawurl') return buffer.toString('base64url')
  if (variant === 'rawstd') return buffer.toString('base64').replace(/=+$/, '')
  return buffer.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** @returns the bytes, or the offset (in UTF-8 bytes) of the first byte that is out of place */
export function decodeBase64(text: string, variant: Base64Variant): Uint8Array | number {
  const padded = variant === 'std' || variant === 'url'
  const wellFormed = variant === 'std' || variant === 'rawstd' ? stdText : urlText
  if (wellFormed.test(text) && (padded ? text.length % 4 === 0 : text.length % 4 !== 1 && !text.endsWith('='))) {
    return Buffer.from(text, 'base64')
  }
  return decodeSlowly(Buffer.from(text, 'utf8'), variant)
}

const stdText = /^[A-Za-z0-9+/]*={0,2}$/
const urlText = /^[A-Za-z0-9_-]*={0,2}$/
const newline = (byte: number | undefined): boolean => byte === 0x0a || byte === 0x0d
const pad = 0x3d

function decodeSlowly(source: Buffer, variant: Base64Variant): Uint8Array | number {
  const padded = variant === 'std' || variant === 'url'
  const letter = variant === 'std' || variant === 'rawstd' ? /[A-Za-z0-9+/]/ : /[A-Za-z0-9_-]/
  let letters = ''
  let quantum = 0
  let i = 0
  for (;;) {
    while (newline(source[i])) i++
    if (i >= source.length) break
    const byte = source[i] as number
    if (letter.test(String.fromCharCode(byte))) {
      letters += String.fromCharCode(byte)
      quantum = (quantum + 1) % 4
      i++
      continue
    }
    if (byte !== pad || !padded || quantum < 2) return i
    i++
    if (quantum === 2) {
      while (newline(source[i])) i++
      if (i >= source.length) return source.length
      if (source[i] !== pad) return i
      i++
    }
    while (newline(source[i])) i++
    return i < source.length ? i : Buffer.from(letters, 'base64')
  }
  // The text ended inside a group of four: only the raw variants may, and never after a single letter.
  if (quantum === 1 || (quantum > 1 && padded)) return source.length - quantum
  return Buffer.from(letters, 'base64')
}
