/**
 * Writes protocol buffer messages. Fields of proto3 that hold their default value are left out by the callers where the
 * receiver allows it.
 * Source: protobuf.dev, "Encoding".
 */
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

export class ProtoWriter {
  #bytes: Uint8Array = new Uint8Array(1024)
  #view: DataView = new DataView(this.#bytes.buffer)
  #at = 0

  /** Bytes so far. */
  get length(): number {
    return this.#at
  }

  /** What was written; the writer is empty after it. */
  finish(): Uint8Array {
    const out = this.#bytes.slice(0, this.#at)
    this.#at = 0
    return out
  }

  string(field: number, text: string): void {
    this.#key(field, LENGTH)
    this.#text(text)
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#key(field, LENGTH)
    this.#varint(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A whole number from 0 to 2^53. */
  uint(field: number, value: number): void {
    this.#key(field, VARINT)
    this.#varint(value)
  }

  /** `sint32`, `sint64`: zigzag. */
  sint(field: number, value: number): void {
    this.#key(field, VARINT)
    this.#varint(zigzag(value))
  }

  /** `int64` of a number that may be negative. */
  int(field: number, value: number): void {
    this.#key(field, VARINT)
    if (value >= 0) return this.#varint(value)
    this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
  }

  double(field: number, value: number): void {
    this.#key(field, FIXED64)
    this.#room(8)
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  /** Eight bytes as they are, low word first: a NaN with a payload survives no arithmetic. */
  fixed64(field: number, low: number, high: number): void {
    this.#key(field, FIXED64)
    this.#room(8)
    this.#view.setUint32(this.#at, low, true)
    this.#view.setUint32(this.#at + 4, high, true)
    this.#at += 8
  }

  /** `fixed64`, `sfixed64` of a whole number from 0 to 2^53. */
  fixed64Of(field: number, value: number): void {
    this.fixed64(field, value % 2 ** 32, Math.floor(value / 2 ** 32))
  }

  fixed32(field: number, value: number): void {
    this.#key(field, FIXED32)
    this.#room(4)
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  packedSint(field: number, values: readonly number[]): void {
    this.#packed(field, () => {
      for (const value of values) this.#varint(zigzag(value))
    })
  }

  packedUint(field: number, values: readonly number[]): void {
    this.#packed(field, () => {
      for (const value of values) this.#varint(value)
    })
  }

  packedFixed64(field: number, values: readonly number[]): void {
    this.#packed(field, () => {
      for (const value of values) {
        this.#room(8)
        this.#view.setUint32(this.#at, value % 2 ** 32, true)
        this.#view.setUint32(this.#at + 4, Math.floor(value / 2 ** 32), true)
        this.#at += 8
      }
    })
  }

  packedDouble(field: number, values: readonly number[]): void {
    this.#packed(field, () => {
      for (const value of values) {
        this.#room(8)
        this.#view.setFloat64(this.#at, value, true)
        this.#at += 8
      }
    })
  }

  /** A message within this one. */
  message(field: number, write: () => void): void {
    this.#packed(field, write)
  }

  #packed(field: number, write: () => void): void {
    this.#key(field, LENGTH)
    // The length comes first and is known last: room for four bytes of it, moved together afterwards.
    this.#room(4)
    const head = this.#at
    this.#at += 4
    write()
    const length = this.#at - head - 4
    const bytes = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4
    if (bytes < 4) this.#bytes.copyWithin(head + bytes, head + 4, this.#at)
    const end = head + bytes + length
    this.#at = head
    this.#varint(length)
    this.#at = end
  }

  #key(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  #text(text: string): void {
    const bytes = encoder.encode(text)
    this.#varint(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #varint(value: number): void {
    this.#room(10)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
  }

  #bigVarint(value: bigint): void {
    this.#room(10)
    let rest = value
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const encoder = new TextEncoder()

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
