/** What the encoders of messages and of well-known types share: scalars, lists, the state of one encoding. */
import type { Field, MessageType } from '../schema/types.js'
import { Mismatch, unexpectedToken } from './mismatch.js'
import { floatOf, parseBase64, wholeNumber } from './numbers.js'
import type { WireWriter } from './wire-writer.js'

/** Messages by full name: what the `@type` of an Any may name. */
export type Types = ReadonlyMap<string, MessageType>

/** State of one `encodeMessage`. */
export interface EncodeState {
  readonly writer: WireWriter
  readonly types: Types
  depth: number
  /** Encoders of whole messages; `skipped` is a key that is no field. */
  readonly encoderOf: (type: MessageType) => ValueEncoder
  readonly messageEncoder: (type: MessageType, skipped?: string) => ValueEncoder
  /** First required field that was not set. */
  missing: string | undefined
}

/** Writes one value without tag or length. */
export type ValueEncoder = (state: EncodeState, value: unknown) => void

/** @throws Mismatch when it is no array */
export function eachItem(value: unknown, encode: (item: unknown) => void): void {
  if (!Array.isArray(value)) throw unexpectedToken()
  let i = 0
  try {
    for (; i < value.length; i++) {
      const item: unknown = value[i]
      // What JSON cannot say is null in its lists.
      encode(item === undefined || typeof item === 'function' || typeof item === 'symbol' ? null : item)
    }
  } catch (error) {
    if (error instanceof Mismatch) error.path.unshift(i)
    throw error
  }
}

/** Wire type of a single value of each kind. */
export const wireTypes: Readonly<Record<Field['kind'], number>> = {
  double: 1,
  float: 5,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  sint32: 0,
  sint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed32: 5,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
  enum: 0,
  message: 2,
  group: 3,
}

/** The encoder of a scalar or enum. */
export function scalarEncoder(field: Field): ValueEncoder {
  const invalid = (): Mismatch =>
    new Mismatch('value', (raw) => `invalid value for ${field.kind} field ${field.jsonName}: ${raw}`)
  switch (field.kind) {
    case 'bool':
      return (state, value) => {
        if (typeof value !== 'boolean') throw invalid()
        state.writer.uint32(value ? 1 : 0)
      }
    case 'string':
      return (state, value) => {
        if (typeof value !== 'string') throw invalid()
        state.writer.string(value)
      }
    case 'bytes':
      return (state, value) => {
        const bytes = typeof value === 'string' ? parseBase64(value) : undefined
        if (bytes === undefined) throw invalid()
        state.writer.bytes(bytes)
      }
    case 'double':
    case 'float':
      return floatEncoder(field.kind, invalid)
    case 'enum':
      return enumEncoder(field, invalid)
    case 'int32':
    case 'sint32':
    case 'sfixed32':
    case 'uint32':
    case 'fixed32':
      return int32Encoder(field.kind, invalid)
    default:
      return int64Encoder(field.kind as 'int64', invalid)
  }
}

function floatEncoder(kind: 'double' | 'float', invalid: () => Mismatch): ValueEncoder {
  return (state, value) => {
    let number: number | undefined
    if (typeof value === 'number') number = Number.isFinite(value) ? value : undefined
    else if (typeof value === 'string') number = floatOf(value)
    if (number === undefined) throw invalid()
    if (kind === 'double') state.writer.double(number)
    else {
      if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) throw invalid()
      state.writer.float(number)
    }
  }
}

function enumEncoder(field: Field, invalid: () => Mismatch): ValueEncoder {
  const type = field.enum!
  const isNull = type.fullName === 'google.protobuf.NullValue'
  return (state, value) => {
    let number: number | undefined
    if (typeof value === 'string') number = type.byName.get(value)
    else if (typeof value === 'number') {
      if (Number.isInteger(value) && value >= -2_147_483_648 && value <= 2_147_483_647) number = value
    } else if (value === null && isNull) number = 0
    if (number === undefined) throw invalid()
    state.writer.int32(number)
  }
}

function int32Encoder(
  kind: 'int32' | 'sint32' | 'sfixed32' | 'uint32' | 'fixed32',
  invalid: () => Mismatch,
): ValueEncoder {
  const unsigned = kind === 'uint32' || kind === 'fixed32'
  const min = unsigned ? 0 : -2_147_483_648
  const max = unsigned ? 4_294_967_295 : 2_147_483_647
  return (state, value) => {
    let number = value
    if (typeof value === 'string') {
      const whole = wholeNumber(value)
      number = whole === undefined ? undefined : Number(whole)
    }
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) throw invalid()
    if (kind === 'sint32') state.writer.uint32(((number << 1) ^ (number >> 31)) >>> 0)
    else if (kind === 'sfixed32' || kind === 'fixed32') state.writer.fixed32(number)
    else state.writer.int32(number)
  }
}

const two32 = 4_294_967_296

function int64Encoder(
  kind: 'int64' | 'uint64' | 'sint64' | 'fixed64' | 'sfixed64',
  invalid: () => Mismatch,
): ValueEncoder {
  const unsigned = kind === 'uint64' || kind === 'fixed64'
  const min = unsigned ? 0n : -(1n << 63n)
  const max = unsigned ? (1n << 64n) - 1n : (1n << 63n) - 1n
  const write = (state: EncodeState, low: number, high: number): void => {
    if (kind === 'sint64') {
      const sign = high >>> 31 === 1 ? 0xffffffff : 0
      state.writer.varint64(((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0)
    } else if (kind === 'fixed64' || kind === 'sfixed64') state.writer.fixed64(low, high)
    else state.writer.varint64(low, high)
  }
  return (state, value) => {
    let number = typeof value === 'number' ? value : Number.NaN
    // The usual text of a number that fits.
    if (typeof value === 'string' && value.length < 16 && /^(?:-?[1-9]\d*|0)$/.test(value)) number = Number(value)
    if (Number.isSafeInteger(number)) {
      if (unsigned && number < 0) throw invalid()
      write(state, number >>> 0, Math.floor(number / two32) >>> 0)
      return
    }
    // A number beyond 2^53 counts as its JSON text, whose digits are not all those of the number.
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid()
    const whole = wholeNumber(String(value))
    if (whole === undefined || whole < min || whole > max) throw invalid()
    write(state, Number(whole & 0xffffffffn), Number((whole >> 32n) & 0xffffffffn))
  }
}
