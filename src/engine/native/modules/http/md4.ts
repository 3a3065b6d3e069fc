/** MD4 (RFC 1320), which NTLM needs and OpenSSL 3 no longer offers. Not for anything else. */
export function md4(data: Buffer): Buffer {
  const padded = Buffer.alloc(((data.length + 8) >> 6) * 64 + 64)
  data.copy(padded)
  padded[data.length] = 0x80
  padded.writeUInt32LE((data.length * 8) >>> 0, padded.length - 8)
  padded.writeUInt32LE(Math.floor(data.length / 0x20000000), padded.length - 4)
  let [a, b, c, d] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  const x = new Uint32Array(16)
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) x[i] = padded.readUInt32LE(at + i * 4)
    const [aa, bb, cc, dd] = [a, b, c, d]
    for (const [round, { order, shifts, add }] of rounds.entries()) {
      for (let i = 0; i < 16; i++) {
        const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d
        const sum = (a + mixed + (x[order[i] as number] as number) + add) >>> 0
        const shift = shifts[i & 3] as number
        ;[a, d, c, b] = [d, c, b, ((sum << shift) | (sum >>> (32 - shift))) >>> 0]
      }
    }
    a = (a + aa) >>> 0
    b = (b + bb) >>> 0
    c = (c + cc) >>> 0
    d = (d + dd) >>> 0
  }
  const out = Buffer.alloc(16)
  for (const [i, word] of [a, b, c, d].entries()) out.writeUInt32LE(word, i * 4)
  return out
}

const rounds = [
  { order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], shifts: [3, 7, 11, 19], add: 0 },
  { order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], shifts: [3, 5, 9, 13], add: 0x5a827999 },
  { order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], shifts: [3, 9, 11, 15], add: 0x6ed9eba1 },
]
