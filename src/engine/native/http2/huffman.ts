/**
 * HPACK's Huffman code (RFC 7541, appendix B). It is canonical: codes of one length follow each other in the order of
 * their symbols, so the lengths say it all. Decoding goes four bits at a time through a table of states.
 */

/** Adds the text of the code in `start..end` (one character a byte); undefined when the bytes are no Huffman code. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  // The shortest code has five bits, so this is always enough.
  const most = Math.floor(((end - start) * 8) / 5)
  const out = most <= scratch.length ? scratch : Buffer.allocUnsafe(most)
  let fill = 0
  let state = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    let step = steps[state * 16 + (byte >> 4)] as number
    if (step < 0) return undefined
    if (step & emits) out[fill++] = step >> 16
    step = steps[(step & stateBits) * 16 + (byte & 15)] as number
    if (step < 0) return undefined
    if (step & emits) out[fill++] = step >> 16
    state = step & stateBits
  }
  // What is left over must be the beginning of EOS: fewer than eight ones.
  return accepts[state] === 1 ? (out as Latin1Buffer).latin1Slice(0, fill) : undefined
}

/** Bytes that `encodeHuffman` makes of the text (one character a byte). */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 255] as number
  return (bits + 7) >> 3
}

/** The code of a text, one character a byte both. */
export function encodeHuffman(text: string): string {
  let out = ''
  let held = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 255
    let left = codeLengths[symbol] as number
    const code = codes[symbol] as number
    while (left > 0) {
      const take = Math.min(left, 8 - bits)
      held = (held << take) | ((code >>> (left - take)) & ((1 << take) - 1))
      left -= take
      bits += take
      if (bits === 8) {
        out += String.fromCharCode(held)
        held = 0
        bits = 0
      }
    }
  }
  return bits === 0 ? out : out + String.fromCharCode((held << (8 - bits)) | ((1 << (8 - bits)) - 1))
}

/** `toString('latin1')` without reading its arguments; in Node since version 0.5, absent from its types. */
interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** Bits of each byte's code, in base 36. */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq'

const maxBits = 30
const eosBits = 30
const codeLengths = new Uint8Array(256)
const codes = new Uint32Array(256)
for (let i = 0; i < 256; i++) codeLengths[i] = Number.parseInt(lengths.charAt(i), 36)

const scratch = Buffer.allocUnsafeSlow(4096)
const emits = 0x8000
const stateBits = 0x7fff

/** Inner nodes of the code's tree: two children each; >= 0 an inner node, < 0 the symbol `-1 - child`, undefined none. */
const tree: (number | undefined)[][] = [[]]
const path = (code: number, bits: number, symbol: number): void => {
  let node = 0
  for (let bit = bits - 1; bit >= 0; bit--) {
    const branch = (code >>> bit) & 1
    const children = tree[node] as (number | undefined)[]
    if (bit === 0) children[branch] = -1 - symbol
    else {
      const next = children[branch] ?? tree.push([]) - 1
      children[branch] = next
      node = next
    }
  }
}
let code = 0
for (let bits = 1; bits <= maxBits; bits++) {
  for (let symbol = 0; symbol < 256; symbol++) {
    if (codeLengths[symbol] !== bits) continue
    codes[symbol] = code
    path(code++, bits, symbol)
  }
  code *= 2
}
const eosSymbol = 256
path(2 ** eosBits - 1, eosBits, eosSymbol)

const steps = new Int32Array(tree.length * 16)
for (let start = 0; start < tree.length; start++) {
  for (let nibble = 0; nibble < 16; nibble++) {
    let node = start
    let step = 0
    for (let bit = 3; bit >= 0 && step >= 0; bit--) {
      const child = tree[node]?.[(nibble >> bit) & 1]
      if (child === undefined || child === -1 - eosSymbol) step = -1
      else if (child < 0) {
        step = emits | ((-1 - child) << 16)
        node = 0
      } else node = child
    }
    steps[start * 16 + nibble] = step < 0 ? -1 : step | node
  }
}
const accepts = new Uint8Array(tree.length)
for (let node: number | undefined = 0, ones = 0; ones < 8 && node !== undefined && node >= 0; ones++) {
  accepts[node] = 1
  node = tree[node]?.[1]
}
