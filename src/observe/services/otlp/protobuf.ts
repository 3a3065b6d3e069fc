/**
 * `ExportTraceServiceRequest` from protocol buffers, from a peer that is not trusted: every length is checked against
 * what is there, unknown fields are passed over, what is wrong throws. One pass, and no object for what is not wanted:
 * a busy target sends ten thousand spans a second to the process that also measures it.
 * Source: protobuf.dev, "Encoding"; opentelemetry-proto, trace/v1/trace.proto.
 */
import { type RawSpan, type Span, toSpan, wantedAttributes } from './span.js'

/** Spans of one message; @throws RangeError for bytes that are no such message */
export function readProtobufSpans(bytes: Uint8Array): Span[] {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const spans: Span[] = []
  reader.fields(bytes.length, (field, type) => {
    if (field === 1 && type === LENGTH) readResourceSpans(reader, reader.end(bytes.length), spans)
    else reader.skip(type, bytes.length)
  })
  return spans
}

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

function readResourceSpans(reader: Reader, end: number, spans: Span[]): void {
  const resource = new Map<string, string>()
  // The resource may come after its spans.
  const scopes: (readonly [from: number, end: number])[] = []
  reader.fields(end, (field, type) => {
    if (type !== LENGTH || (field !== 1 && field !== 2)) return reader.skip(type, end)
    const last = reader.end(end)
    if (field === 2) {
      scopes.push([reader.at, last])
      reader.at = last
    } else {
      reader.fields(last, (part, partType) => {
        if (part === 1 && partType === LENGTH) readAttribute(reader, reader.end(last), resource)
        else reader.skip(partType, last)
      })
    }
  })
  const after = reader.at
  const service = resource.get('service.name') ?? ''
  for (const [from, last] of scopes) {
    reader.at = from
    reader.fields(last, (field, type) => {
      if (field !== 2 || type !== LENGTH) return reader.skip(type, last)
      const span = toSpan(readSpan(reader, reader.end(last)), service)
      if (span !== undefined) spans.push(span)
    })
  }
  reader.at = after
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function readSpan(reader: Reader, end: number): RawSpan {
  const attributes = new Map<string, string>()
  const span: Mutable<RawSpan> = {
    traceId: '',
    spanId: '',
    parentId: '',
    traceState: '',
    name: '',
    kind: 0,
    startMs: Number.NaN,
    endMs: Number.NaN,
    statusCode: 0,
    attributes,
  }
  reader.fields(end, (field, type) => {
    if (type === LENGTH) {
      const last = reader.end(end)
      if (field === 9) readAttribute(reader, last, attributes)
      else if (field === 1) span.traceId = reader.hex(last)
      else if (field === 2) span.spanId = reader.hex(last)
      else if (field === 3) span.traceState = reader.text(last)
      else if (field === 4) span.parentId = reader.hex(last)
      else if (field === 5) span.name = reader.text(last)
      else if (field === 15) span.statusCode = readStatus(reader, last)
      else reader.at = last
    } else if (field === 6 && type === VARINT) span.kind = reader.varint()
    else if (field === 7 && type === FIXED64) span.startMs = reader.milliseconds(end)
    else if (field === 8 && type === FIXED64) span.endMs = reader.milliseconds(end)
    else reader.skip(type, end)
  })
  return span
}

function readStatus(reader: Reader, end: number): number {
  let code = 0
  reader.fields(end, (field, type) => {
    if (field === 3 && type === VARINT) code = reader.varint()
    else reader.skip(type, end)
  })
  return code
}

/** A KeyValue; its AnyValue as text, when it is a text or a whole number. Put into `attributes` if it is wanted. */
function readAttribute(reader: Reader, end: number, attributes: Map<string, string>): void {
  let key = ''
  let value: string | undefined
  reader.fields(end, (field, type) => {
    if (type !== LENGTH) return reader.skip(type, end)
    const last = reader.end(end)
    if (field === 1) key = last - reader.at > 100 ? '' : reader.text(last)
    if (field !== 2 || !wantedAttributes.has(key)) {
      reader.at = last
      return
    }
    reader.fields(last, (kind, kindType) => {
      if (kind === 1 && kindType === LENGTH) value = reader.text(reader.end(last))
      else if (kind === 3 && kindType === VARINT) value = String(reader.varint())
      else reader.skip(kindType, last)
    })
  })
  if (value !== undefined) attributes.set(key, value)
}

/** A statement of a megabyte is cut before it becomes a string. */
const MAX_TEXT_BYTES = 16_384

class Reader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Calls `take` at each field up to `end`; it reads the field's value or skips it. */
  fields(end: number, take: (field: number, type: number) => void): void {
    while (this.at < end) {
      const key = this.varint()
      if (key < 8) throw new RangeError('a field without a number')
      take(Math.floor(key / 8), key % 8)
    }
    if (this.at !== end) throw new RangeError('a field longer than its message')
  }

  /** Exact up to 2^53. */
  varint(): number {
    let value = 0
    for (let factor = 1, length = 0; length < 10; length++, factor *= 128) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new RangeError('a number without an end')
  }

  /** Where the field with a length that begins here ends. */
  end(limit: number): number {
    const length = this.varint()
    if (length > limit - this.at) throw new RangeError('a field longer than its message')
    return this.at + length
  }

  skip(type: number, limit: number): void {
    if (type === VARINT) this.varint()
    else if (type === FIXED64) this.at += 8
    else if (type === LENGTH) this.at = this.end(limit)
    else if (type === FIXED32) this.at += 4
    else throw new RangeError(`wire type ${type}`)
  }

  /** fixed64 of nanoseconds since 1970. A double holds them to 256 ns. */
  milliseconds(limit: number): number {
    if (this.at + 8 > limit) throw new RangeError('a field longer than its message')
    const nanoseconds = this.#bytes.readUInt32LE(this.at) + this.#bytes.readUInt32LE(this.at + 4) * 2 ** 32
    this.at += 8
    return nanoseconds / 1e6
  }

  text(end: number): string {
    const text = this.#bytes.toString('utf8', this.at, Math.min(end, this.at + MAX_TEXT_BYTES))
    this.at = end
    return text
  }

  /** '' for what is longer than any id. */
  hex(end: number): string {
    const text = end - this.at > 16 ? '' : this.#bytes.toString('hex', this.at, end)
    this.at = end
    return text
  }
}
