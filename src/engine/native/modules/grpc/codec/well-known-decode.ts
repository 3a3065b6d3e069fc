/** The JSON of types that have their own: protobuf.dev/programming-guides/json. */
import { goQuote } from '../../../http1/go-quote.js'
import type { Realm } from '../../../types.js'
import type { Field, MessageType } from '../schema/types.js'
import { type DecodeState, JsonError, type MessageDecoder, nested, scalarReader, set } from './scalar-decode.js'
import { wireTypes } from './scalar-encode.js'
import { durationText, maxDurationSeconds, maxTimestampSeconds, minTimestampSeconds, timestampText } from './numbers.js'
import { badWireFormat, WireError, WireReader } from './wire-reader.js'
import { isWellKnown } from './well-known-encode.js'

/** The decoder of a well-known type; undefined for all others. */
export function wellKnownDecoder(type: MessageType, realm: Realm): MessageDecoder | undefined {
  if (!type.fullName.startsWith('google.protobuf.')) return undefined
  switch (type.fullName.slice('google.protobuf.'.length)) {
    case 'Any':
      return decodeAny
    case 'Timestamp':
      return decodeTimestamp
    case 'Duration':
      return decodeDuration
    case 'Struct':
      return (reader, state) => decodeStruct(reader, state, realm)
    case 'ListValue':
      return (reader, state) => decodeList(reader, state, realm)
    case 'Value':
      return (reader, state) => decodeValue(reader, state, realm)
    case 'FieldMask':
      return decodeFieldMask
    case 'Empty':
      return (reader) => {
        eachField(reader, () => false)
        return new realm.Object()
      }
    case 'BoolValue':
    case 'Int32Value':
    case 'Int64Value':
    case 'UInt32Value':
    case 'UInt64Value':
    case 'FloatValue':
    case 'DoubleValue':
    case 'StringValue':
    case 'BytesValue':
      return wrapperDecoder(type)
    default:
      return undefined
  }
}

/** Calls `read` with every tag; what it answers with false is skipped. */
function eachField(reader: WireReader, read: (tag: number) => boolean): void {
  while (reader.pos < reader.end) {
    const tag = reader.uint32()
    if (!read(tag)) reader.skip(tag, 0)
  }
}

function wrapperDecoder(type: MessageType): MessageDecoder | undefined {
  const field = type.fields.find(({ number }) => number === 1)
  if (field === undefined || field.message !== undefined) return undefined
  const read = scalarReader(field)
  const tag1 = (1 << 3) | wireTypes[field.kind]
  const zero = zeroOf(field.kind)
  return (reader, state) => {
    let value: unknown = zero
    eachField(reader, (tag) => {
      if (tag !== tag1) return false
      value = read(reader, state)
      return true
    })
    return value
  }
}

function zeroOf(kind: Field['kind']): unknown {
  if (kind === 'string' || kind === 'bytes') return ''
  if (kind === 'bool') return false
  return kind === 'int64' || kind === 'uint64' ? '0' : 0
}

function secondsAndNanos(reader: WireReader): { seconds: number; nanos: number } {
  const out = { seconds: 0, nanos: 0 }
  eachField(reader, (tag) => {
    if (tag === 8) {
      const low = reader.varint64()
      out.seconds = (reader.high | 0) * 4_294_967_296 + low
    } else if (tag === 16) out.nanos = reader.uint32() | 0
    else return false
    return true
  })
  return out
}

const decodeTimestamp: MessageDecoder = (reader) => {
  const { seconds, nanos } = secondsAndNanos(reader)
  if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds) {
    throw new JsonError(`google.protobuf.Timestamp: seconds out of range ${seconds}`)
  }
  if (nanos < 0 || nanos > 999_999_999) throw new JsonError(`google.protobuf.Timestamp: nanos out of range ${nanos}`)
  return timestampText(seconds, nanos)
}

const decodeDuration: MessageDecoder = (reader) => {
  const { seconds, nanos } = secondsAndNanos(reader)
  if (Math.abs(seconds) > maxDurationSeconds) {
    throw new JsonError(`google.protobuf.Duration: seconds out of range ${seconds}`)
  }
  if (Math.abs(nanos) > 999_999_999) throw new JsonError(`google.protobuf.Duration: nanos out of range ${nanos}`)
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
    throw new JsonError('google.protobuf.Duration: signs of seconds and nanos do not match')
  }
  return durationText(seconds, nanos)
}

const decodeFieldMask: MessageDecoder = (reader) => {
  const paths: string[] = []
  eachField(reader, (tag) => {
    if (tag !== 10) return false
    const path = reader.string()
    if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(path)) {
      throw new JsonError(`google.protobuf.FieldMask.paths contains invalid path: ${goQuote(path)}`)
    }
    const camel = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) !== path) {
      throw new JsonError(`google.protobuf.FieldMask.paths contains irreversible value ${goQuote(path)}`)
    }
    paths.push(camel)
    return true
  })
  return paths.join(',')
}

function decodeStruct(reader: WireReader, state: DecodeState, realm: Realm): unknown {
  const out = new realm.Object() as Record<string, unknown>
  eachField(reader, (tag) => {
    if (tag !== 10) return false
    nested(reader, state, () => {
      let key = ''
      let value: unknown
      eachField(reader, (inner) => {
        if (inner === 10) key = reader.string()
        else if (inner === 18) value = nested(reader, state, () => decodeValue(reader, state, realm))
        else return false
        return true
      })
      if (value === undefined) throw unsetValue()
      set(out, key, value)
    })
    return true
  })
  return out
}

function decodeList(reader: WireReader, state: DecodeState, realm: Realm): unknown {
  const out = new realm.Array() as unknown[]
  eachField(reader, (tag) => {
    if (tag !== 10) return false
    out.push(nested(reader, state, () => decodeValue(reader, state, realm)))
    return true
  })
  return out
}

function decodeValue(reader: WireReader, state: DecodeState, realm: Realm): unknown {
  let value: unknown
  eachField(reader, (tag) => {
    if (tag === 8) {
      reader.varint64()
      value = null
    } else if (tag === 17) value = reader.double()
    else if (tag === 26) value = reader.string()
    else if (tag === 32) {
      const low = reader.varint64()
      value = low !== 0 || reader.high !== 0
    } else if (tag === 42) value = nested(reader, state, () => decodeStruct(reader, state, realm))
    else if (tag === 50) value = nested(reader, state, () => decodeList(reader, state, realm))
    else return false
    return true
  })
  if (value === undefined) throw unsetValue()
  if (typeof value === 'number' && !Number.isFinite(value)) {
    const text = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
    throw new JsonError(`google.protobuf.Value.number_value: invalid ${text} value`)
  }
  return value
}

function unsetValue(): JsonError {
  return new JsonError('google.protobuf.Value: none of the oneof fields is set')
}

const decodeAny: MessageDecoder = (reader, state) => {
  let url = ''
  let bytes: Buffer | undefined
  eachField(reader, (tag) => {
    if (tag === 10) url = reader.string()
    else if (tag === 18) bytes = reader.bytes()
    else return false
    return true
  })
  const { codec, types } = state
  const out = new codec.realm.Object() as Record<string, unknown>
  if (url === '') {
    if (bytes === undefined || bytes.length === 0) return out
    throw new JsonError('google.protobuf.Any: type_url is not set')
  }
  const type = types.get(url.slice(url.lastIndexOf('/') + 1))
  if (type === undefined) throw new JsonError(`google.protobuf.Any: unable to resolve ${goQuote(url)}: not found`)
  const missing = state.missing
  state.missing = 'in Any'
  let value: unknown
  try {
    value = nestedBytes(bytes ?? Buffer.alloc(0), state, codec.of(type))
  } catch (error) {
    if (error instanceof WireError) {
      throw new JsonError(`google.protobuf.Any: unable to unmarshal ${goQuote(url)}: proto: ${error.message}`)
    }
    throw error
  }
  state.missing = missing
  out['@type'] = url
  if (isWellKnown(type)) {
    out['value'] = value
    return out
  }
  return Object.assign(out, value)
}

function nestedBytes(bytes: Buffer, state: DecodeState, decode: MessageDecoder): unknown {
  if (++state.depth > 100) throw new WireError(badWireFormat)
  const value = decode(new WireReader(bytes), state)
  state.depth--
  return value
}
