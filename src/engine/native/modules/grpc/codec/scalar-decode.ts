/** What the decoders of messages and of well-known types share: scalars, nesting, the state of one decoding. */
import type { Realm } from '../../../types.js'
import type { EnumType, Field, MessageType } from '../schema/types.js'
import { int64Text, shortFloat, uint64Text } from './numbers.js'
import type { Types } from './scalar-encode.js'
import { maxDepth, WireError, type WireReader } from './wire-reader.js'

/** A message that is well formed and has no JSON: a Timestamp of the year 10000, an Any of an unknown type. */
export class JsonError extends Error {}

/** Reads one message up to `reader.end`. */
export type MessageDecoder = (reader: WireReader, state: DecodeState) => unknown

/** The decoders of one realm. */
export interface Decoders {
  readonly realm: Realm
  of(type: MessageType): MessageDecoder
}

export interface DecodeState {
  readonly codec: Decoders
  readonly types: Types
  depth: number
  /** First required field that was not there; not looked for inside an Any. */
  missing: string | undefined
}

/** Reads a nested message of `length` bytes. */
export function nested(
  reader: WireReader,
  state: DecodeState,
  decode: (reader: WireReader, state: DecodeState) => unknown,
): unknown {
  const limit = reader.limit()
  const { end } = reader
  reader.end = limit
  if (++state.depth > maxDepth) throw new WireError('exceeded max recursion depth')
  const value = decode(reader, state)
  state.depth--
  reader.end = end
  return value
}

/** Names come from outside; only this one is more than a name. */
export function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
}

/** Reads one scalar as its JSON. */
export function scalarReader(field: Field): (reader: WireReader, state: DecodeState) => unknown {
  switch (field.kind) {
    case 'double':
      return (reader) => floatValue(reader.double())
    case 'float':
      return (reader) => floatValue(shortFloat(reader.float()))
    case 'int32':
      return (reader) => reader.uint32() | 0
    case 'uint32':
      return (reader) => reader.uint32()
    case 'sint32':
      return (reader) => {
        const value = reader.uint32()
        return (value >>> 1) ^ -(value & 1)
      }
    case 'fixed32':
      return (reader) => reader.fixed32()
    case 'sfixed32':
      return (reader) => reader.fixed32() | 0
    case 'int64':
      return (reader) => {
        const low = reader.varint64()
        return int64Text(low, reader.high)
      }
    case 'uint64':
      return (reader) => {
        const low = reader.varint64()
        return uint64Text(low, reader.high)
      }
    case 'sint64':
      return (reader) => {
        const low = reader.varint64()
        const { high } = reader
        const sign = -(low & 1)
        return int64Text((((low >>> 1) | (high << 31)) ^ sign) >>> 0, ((high >>> 1) ^ sign) >>> 0)
      }
    case 'fixed64':
      return (reader) => {
        const low = reader.fixed32()
        return uint64Text(low, reader.fixed32())
      }
    case 'sfixed64':
      return (reader) => {
        const low = reader.fixed32()
        return int64Text(low, reader.fixed32())
      }
    case 'bool':
      return (reader) => {
        const low = reader.varint64()
        return low !== 0 || reader.high !== 0
      }
    case 'string':
      return (reader) => reader.string()
    case 'bytes':
      return (reader) => reader.bytes().toString('base64')
    case 'enum': {
      const type = field.enum!
      return (reader) => enumValue(type, reader.uint32() | 0)
    }
    default:
      throw new WireError(`no scalar: ${field.kind}`)
  }
}

/** JSON has no number for these. */
function floatValue(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

/** An enum's JSON: its name, or its number when that has none. */
export function enumValue(type: EnumType, number: number): string | number | null {
  if (type.fullName === 'google.protobuf.NullValue') return null
  return type.byNumber.get(number) ?? number
}
