/**
 * MD4 (RFC 1320). OpenSSL 3 has it only in its legacy provider, which Node does not load; k6 offers it for the old
 * systems that still ask for it.
 */
export class Md4 {
  readonly #state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476])
  readonly #block = new Uint8Array(64)
  #length = 0

  update(bytes: Uint8Array): this {
    let offset = 0
    while (offset < bytes.length) {
      const at = this.#length % 64
      const take = Math.min(64 - at, bytes.length - offset)
      this.#block.set(bytes.subarray(offset, offset + take), at)
      offset += take
      this.#length += take
      if (this.#length % 64 === 0) compress(this.#state, this.#block)
    }
    return this
  }

  digest(): Uint8Array {
    const bitLength = this.#length * 8
    const padding = new Uint8Array(((119 - (this.#length % 64)) % 64) + 9)
    padding[0] = 0x80
    const view = new DataView(padding.buffer)
    view.setUint32(padding.length - 8, bitLength >>> 0, true)
    view.setUint32(padding.length - 4, Math.floor(bitLength / 4294967296), true)
    this.update(padding)
    const out = new Uint8Array(16)
    const outView = new DataView(out.buffer)
    this.#state.forEach((word, i) => outView.setUint32(4 * i, word, true))
    return out
  }
}

const rounds: readonly {
  readonly mix: (b: number, c: number, d: number) => number
  readonly constant: number
  readonly order: readonly number[]
  readonly shifts: readonly number[]
}[] = [
  {
    mix: (b, c, d) => (b & c) | (~b & d),
    constant: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (b, c, d) => (b & c) | (b & d) | (c & d),
    constant: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (b, c, d) => b ^ c ^ d,
    constant: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
]

function compress(state: Uint32Array, block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset, 64)
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  for (const { mix, constant, order, shifts } of rounds) {
    for (let i = 0; i < 16; i++) {
      const sum = (a + mix(b, c, d) + view.getUint32(4 * (order[i] as number), true) + constant) | 0
      const shift = shifts[i % 4] as number
      a = d
      d = c
      c = b
      b = (sum << shift) | (sum >>> (32 - shift))
    }
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
}
