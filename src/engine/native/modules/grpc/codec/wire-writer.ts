/** Writes the protobuf wire format into one buffer that grows and stays: encoding is synchronous, so one is enough. */
export class WireWriter {
  buffer: Buffer = Buffer.allocUnsafeSlow(4096)
  pos = 0

  /** Room for `count` more bytes. */
  reserve(count: number): void {
    if (this.pos + count <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.pos + count))
    this.buffer.copy(grown, 0, 0, this.pos)
    this.buffer = grown
  }

  /** A number from 0 to 2^32-1. */
  uint32(value: number): void {
    this.reserve(5)
    const { buffer } = this
    let { pos } = this
    while (value > 127) {
      buffer[pos++] = (value & 127) | 128
      value >>>= 7
    }
    buffer[pos++] = value
    this.pos = pos
  }

  /** A signed 32-bit number as a varint: negative ones take ten bytes. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value)
    else this.varint64(value >>> 0, 0xffffffff)
  }

  varint64(low: number, high: number): void {
    this.reserve(10)
    const { buffer } = this
    let { pos } = this
    while (high > 0 || low > 127) {
      buffer[pos++] = (low & 127) | 128
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    buffer[pos++] = low
    this.pos = pos
  }

  fixed32(value: number): void {
    this.reserve(4)
    this.buffer.writeUInt32LE(value >>> 0, this.pos)
    this.pos += 4
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low)
    this.fixed32(high)
  }

  float(value: number): void {
    this.reserve(4)
    this.buffer.writeFloatLE(value, this.pos)
    this.pos += 4
  }

  double(value: number): void {
    this.reserve(8)
    this.buffer.writeDoubleLE(value, this.pos)
    this.pos += 8
  }

  bytes(value: Uint8Array): void {
    this.uint32(value.length)
    this.reserve(value.length)
    this.buffer.set(value, this.pos)
    this.pos += value.length
  }

  string(value: string): void {
    const { length } = value
    // At most three bytes for each of its characters.
    this.reserve(length * 3 + 5)
    const start = this.pos
    const { buffer } = this
    if (length < 64) {
      let i = 0
      let at = start + 1
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        buffer[at++] = code
      }
      if (i === length) {
        buffer[start] = length
        this.pos = at
        return
      }
    }
    const written = buffer.utf8Write(value, start + 5)
    this.uint32(written)
    buffer.copyWithin(this.pos, start + 5, start + 5 + written)
    this.pos += written
  }

  /** Begins a length-delimited value; `close` with what this answers ends it. */
  open(): number {
    this.reserve(1)
    return ++this.pos
  }

  close(start: number): void {
    const length = this.pos - start
    if (length < 128) {
      this.buffer[start - 1] = length
      return
    }
    const extra = length < 16_384 ? 1 : length < 2_097_152 ? 2 : length < 268_435_456 ? 3 : 4
    this.reserve(extra)
    this.buffer.copyWithin(start + extra, start, this.pos)
    this.pos = start - 1
    this.uint32(length)
    this.pos = start + extra + length
  }
}

declare global {
  interface Buffer {
    /** Node's own encoder, without the look-up of the encoding's name; answers the bytes written. */
    utf8Write(text: string, offset: number): number
  }
}
