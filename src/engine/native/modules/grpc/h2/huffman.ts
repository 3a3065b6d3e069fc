/**
 * HPACK's Huffman code (RFC 7541, appendix B). It is canonical: codes of one length follow each other in the order of
 * their symbols, so the lengths say it all.
 */

/** Bits of each byte's code, in base 36. */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq'

const maxBits = 30
/** By length: the first code of it, and where its symbols begin in `symbols`. */
const first: number[] = []
const offset: number[] = []
const count: number[] = []
const symbols: number[] = []

let code = 0
for (let bits = 1; bits <= maxBits; bits++) {
  first[bits] = code
  offset[bits] = symbols.length
  for (let symbol = 0; symbol < 256; symbol++) {
    if (Number.parseInt(lengths[symbol]!, 36) === bits) symbols.push(symbol)
  }
  count[bits] = symbols.length - offset[bits]!
  code = (code + count[bits]!) * 2
}

/** The text, one character a byte; undefined when the bytes are no Huffman code. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = ''
  let bits = 0
  let value = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    for (let shift = 7; shift >= 0; shift--) {
      value = value * 2 + ((byte >> shift) & 1)
      bits++
      const index = value - first[bits]!
      if (index < count[bits]!) {
        text += String.fromCharCode(symbols[offset[bits]! + index]!)
        bits = 0
        value = 0
      } else if (bits === maxBits) return undefined
    }
  }
  // What is left over must be the beginning of EOS: fewer than eight ones.
  return bits < 8 && value === 2 ** bits - 1 ? text : undefined
}
