/** Reads the protobuf wire format (protobuf.dev/programming-guides/encoding). Every read is checked against the end. */
import { isUtf8 } from 'node:buffer'

/** The bytes are no message of this type; texts are those of Go's protobuf. */
export class WireError extends Error {}

export const badWireFormat = 'cannot parse invalid wire-format data'

/** Deeper nesting than any real message has; it keeps hostile input off our stack. */
export const maxDepth = 1000

export class WireReader {
  readonly buffer: Buffer
  pos = 0
  end: number
  /** High word of what `varint64` read; it answers the low one. */
  high = 0

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.length
  }

  /** A varint cut to 32 bits, as a number from 0 to 2^32-1. */
  uint32(): number {
    const { buffer, end } = this
    let { pos } = this
    if (pos >= end) throw new WireError(badWireFormat)
    let byte = buffer[pos++]!
    if (byte < 128) {
      this.pos = pos
      return byte
    }
    let value = byte & 127
    for (let shift = 7; shift < 70; shift += 7) {
      if (pos >= end) throw new WireError(badWireFormat)
      byte = buffer[pos++]!
      if (shift < 32) value |= (byte & 127) << shift
      if (byte < 128) {
        // The tenth byte holds one bit.
        if (shift === 63 && byte > 1) throw new WireError(badWireFormat)
        this.pos = pos
        return value >>> 0
      }
    }
    throw new WireError(badWireFormat)
  }

  /** Low word; the high one is in `high`. Both unsigned. */
  varint64(): number {
    const { buffer, end } = this
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.pos >= end) throw new WireError(badWireFormat)
      const byte = buffer[this.pos++]!
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else {
        if (byte > 1) throw new WireError(badWireFormat)
        high |= bits << 31
      }
      if (byte < 128) {
        this.high = high >>> 0
        return low >>> 0
      }
    }
    throw new WireError(badWireFormat)
  }

  fixed32(): number {
    const { pos } = this
    if (pos + 4 > this.end) throw new WireError(badWireFormat)
    this.pos = pos + 4
    return this.buffer.readUInt32LE(pos)
  }

  float(): number {
    const { pos } = this
    if (pos + 4 > this.end) throw new WireError(badWireFormat)
    this.pos = pos + 4
    return this.buffer.readFloatLE(pos)
  }

  double(): number {
    const { pos } = this
    if (pos + 8 > this.end) throw new WireError(badWireFormat)
    this.pos = pos + 8
    return this.buffer.readDoubleLE(pos)
  }

  /** The end of a length-delimited value that starts here. */
  limit(): number {
    const length = this.uint32()
    const limit = this.pos + length
    if (limit > this.end) throw new WireError(badWireFormat)
    return limit
  }

  /** A view, no copy. */
  bytes(): Buffer {
    const limit = this.limit()
    const view = this.buffer.subarray(this.pos, limit)
    this.pos = limit
    return view
  }

  string(): string {
    const limit = this.limit()
    const { buffer, pos } = this
    this.pos = limit
    const length = limit - pos
    if (length === 0) return ''
    if (length < 12) {
      // Crossing into the engine's C++ costs more than a few characters.
      let text = ''
      let i = pos
      for (; i < limit; i++) {
        const byte = buffer[i]!
        if (byte > 127) break
        text += String.fromCharCode(byte)
      }
      if (i === limit) return text
    }
    const text = buffer.utf8Slice(pos, limit)
    if (text.includes('\ufffd') && !isUtf8(buffer.subarray(pos, limit))) {
      throw new WireError('string field contains invalid UTF-8')
    }
    return text
  }

  /** Passes over the value behind `tag`, a group with all that is in it. */
  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint64()
        break
      case 1:
        this.#forward(8)
        break
      case 2:
        this.pos = this.limit()
        break
      case 3:
        if (depth > maxDepth) throw new WireError('exceeded max recursion depth')
        for (;;) {
          const inner = this.uint32()
          if ((inner & 7) === 4) {
            if (inner >>> 3 !== tag >>> 3) throw new WireError(badWireFormat)
            return
          }
          this.skip(inner, depth + 1)
        }
      case 5:
        this.#forward(4)
        break
      default:
        throw new WireError(badWireFormat)
    }
    if (tag >>> 3 === 0) throw new WireError(badWireFormat)
  }

  #forward(count: number): void {
    if (this.pos + count > this.end) throw new WireError(badWireFormat)
    this.pos += count
  }
}

declare global {
  interface Buffer {
    /** Node's own decoder, without the look-up of the encoding's name. */
    utf8Slice(start: number, end: number): string
  }
}
