/**
 * `ExportTraceServiceRequest` from protocol buffers, from a peer that is not trusted: every length is checked against
 * what is there, unknown fields are passed over, what is wrong throws.
 * Source: protobuf.dev, "Encoding"; opentelemetry-proto, trace/v1/trace.proto.
 */
import { type RawSpan, type Span, toSpan, wantedAttributes } from './span.js'

/** Spans of one message; @throws RangeError for bytes that are no such message */
export function readProtobufSpans(bytes: Uint8Array): Span[] {
  const spans: Span[] = []
  eachField(bytes, (field, value) => {
    if (field === 1 && value instanceof Uint8Array) readResourceSpans(value, spans)
  })
  return spans
}

function readResourceSpans(bytes: Uint8Array, spans: Span[]): void {
  let service = ''
  const scopes: Uint8Array[] = []
  eachField(bytes, (field, value) => {
    if (!(value instanceof Uint8Array)) return
    if (field === 1) service = readAttributes(value, 1).get('service.name') ?? ''
    else if (field === 2) scopes.push(value)
  })
  for (const scope of scopes) {
    eachField(scope, (field, value) => {
      if (field !== 2 || !(value instanceof Uint8Array)) return
      const span = toSpan(readSpan(value), service)
      if (span !== undefined) spans.push(span)
    })
  }
}

function readSpan(bytes: Uint8Array): RawSpan {
  const span = { traceId: '', spanId: '', parentId: '', traceState: '', name: '', kind: 0 }
  const rest = { startMs: Number.NaN, endMs: Number.NaN, statusCode: 0 }
  eachField(bytes, (field, value) => {
    if (value instanceof Uint8Array) {
      if (field === 1) span.traceId = hex(value)
      else if (field === 2) span.spanId = hex(value)
      else if (field === 3) span.traceState = text(value)
      else if (field === 4) span.parentId = hex(value)
      else if (field === 5) span.name = text(value)
      else if (field === 15) rest.statusCode = statusCode(value)
    } else if (field === 6) span.kind = Number(value)
    else if (field === 7) rest.startMs = milliseconds(value)
    else if (field === 8) rest.endMs = milliseconds(value)
  })
  return { ...span, ...rest, attributes: readAttributes(bytes, 9) }
}

function statusCode(bytes: Uint8Array): number {
  let code = 0
  eachField(bytes, (field, value) => {
    if (field === 3 && !(value instanceof Uint8Array)) code = Number(value)
  })
  return code
}

/** Of the repeated KeyValue `field`, those that are wanted. */
function readAttributes(bytes: Uint8Array, wantedField: number): Map<string, string> {
  const attributes = new Map<string, string>()
  eachField(bytes, (field, value) => {
    if (field !== wantedField || !(value instanceof Uint8Array)) return
    let key = ''
    let any: Uint8Array | undefined
    eachField(value, (part, content) => {
      if (!(content instanceof Uint8Array)) return
      if (part === 1) key = content.length > 100 ? '' : text(content)
      else if (part === 2) any = content
    })
    if (any !== undefined && wantedAttributes.has(key)) {
      const found = anyValue(any)
      if (found !== undefined) attributes.set(key, found)
    }
  })
  return attributes
}

/** AnyValue: a text as it is, a number as text; the rest is of no use here. */
function anyValue(bytes: Uint8Array): string | undefined {
  let found: string | undefined
  eachField(bytes, (field, value) => {
    if (field === 1 && value instanceof Uint8Array) found = text(value)
    else if (field === 3 && typeof value === 'bigint') found = String(BigInt.asIntN(64, value))
  })
  return found
}

type Wire = bigint | Uint8Array

/** Calls `take` for each field: numbers as bigint (varint, fixed64, fixed32), all else as bytes. */
function eachField(bytes: Uint8Array, take: (field: number, value: Wire) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a varint of more than ten bytes')
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const [field, type] = [Math.floor(key / 8), key % 8]
    if (field === 0) throw new RangeError('a field without a number')
    if (type === 0) take(field, varint())
    else if (type === 1) {
      take(field, view.getBigUint64(at, true))
      at += 8
    } else if (type === 2) {
      const length = Number(varint())
      if (length > bytes.length - at) throw new RangeError('a field longer than its message')
      take(field, bytes.subarray(at, at + length))
      at += length
    } else if (type === 5) {
      take(field, BigInt(view.getUint32(at, true)))
      at += 4
    } else throw new RangeError(`wire type ${type}`)
  }
}

/** A statement of a megabyte is cut before it becomes a string. */
const MAX_TEXT_BYTES = 16_384

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_TEXT_BYTES)).toString('utf8')
}

function hex(bytes: Uint8Array): string {
  return bytes.length > 16 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Nanoseconds since 1970 are beyond what a number holds exactly: microseconds first. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000
}
