/**
 * Go's `%q` of a byte string (latin1 here: one character a byte), for the error texts that quote what a peer sent.
 * Source: the documentation of Go's strconv.Quote. Printable non-ASCII UTF-8 stays, everything else is escaped.
 */
export function goQuote(bytes: string): string {
  const text = decodeUtf8(bytes.length > maxQuotedBytes ? `${bytes.slice(0, maxQuotedBytes)}...` : bytes)
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (char === '"' || char === '\\') out += `\\${char}`
    else if (code >= 0x20 && code < 0x7f) out += char
    else if (escapes.has(char)) out += escapes.get(char)
    else if (code >= rawByteBase && code < rawByteBase + 256) out += `\\x${hex(code - rawByteBase, 2)}`
    else if (code < 0x80) out += `\\x${hex(code, 2)}`
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) out += char
    else out += code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
  }
  return `${out}"`
}

/** Error texts become tags, and a hostile server must not choose their size. Go quotes all. */
const maxQuotedBytes = 1024

const escapes = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
])

/** A byte that is no UTF-8 stands at this code point plus its value: plane 16 is private use, so nothing collides in practice. */
const rawByteBase = 0x10fe00

function decodeUtf8(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- the range is the point.
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes
  let out = ''
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes.charCodeAt(i))
    const part = bytes.slice(i, i + length)
    const text = Buffer.from(part, 'latin1').toString('utf8')
    if (length > 0 && part.length === length && !text.includes('\ufffd')) {
      out += text
      i += length
    } else {
      out += String.fromCodePoint(rawByteBase + bytes.charCodeAt(i))
      i += 1
    }
  }
  return out
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1
  if (first >= 0xc2 && first < 0xe0) return 2
  if (first >= 0xe0 && first < 0xf0) return 3
  if (first >= 0xf0 && first < 0xf5) return 4
  return 0
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0')
}
