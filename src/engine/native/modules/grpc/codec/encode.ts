/**
 * Protobuf's JSON mapping and wire format in one pass: script values in, bytes out, one compiled encoder per message
 * type. What is refused, and with which words, is what k6's protojson refuses (verified on k6 2.2).
 */
import type { Field, MessageType } from '../schema/types.js'
import { Mismatch, unexpectedToken } from './mismatch.js'
import { floatOf, parseBase64, wholeNumber } from './numbers.js'
import { maxDepth } from './wire-reader.js'
import { WireWriter } from './wire-writer.js'
import { wellKnownEncoder } from './well-known-encode.js'

/** Messages by full name: what the `@type` of an Any may name. */
export type Types = ReadonlyMap<string, MessageType>

/** State of one `encodeMessage`. */
export interface EncodeState {
  readonly writer: WireWriter
  readonly types: Types
  depth: number
  /** First required field that was not set. */
  missing: string | undefined
}

/** Writes one value without tag or length. */
export type ValueEncoder = (state: EncodeState, value: unknown) => void

const writer = new WireWriter()

/**
 * Bytes of a message, behind `head` bytes of room for a frame's head.
 * @param value  what JSON.parse could answer: no functions, no `toJSON`
 * @throws Mismatch  the value is no JSON of this type
 */
export function encodeMessage(type: MessageType, value: unknown, types: Types, head: number): Buffer {
  const state: EncodeState = { writer, types, depth: 0, missing: undefined }
  writer.pos = head
  encoderOf(type)(state, value)
  if (state.missing !== undefined) throw new MissingField(`required field ${state.missing} not set`)
  const out = Buffer.allocUnsafe(writer.pos)
  writer.buffer.copy(out, 0, 0, writer.pos)
  return out
}

/** A required field of proto2 that the request does not set; has no place in the JSON. */
export class MissingField extends Error {}

const encoders = new WeakMap<MessageType, ValueEncoder>()

/** The encoder of a type, made once. */
export function encoderOf(type: MessageType): ValueEncoder {
  let encoder = encoders.get(type)
  if (encoder === undefined) {
    encoder = wellKnownEncoder(type) ?? messageEncoder(type)
    encoders.set(type, encoder)
  }
  return encoder
}

interface FieldEncoder {
  readonly field: Field
  /** Writes tag and value. */
  readonly encode: ValueEncoder
  /** JSON's null is a value of it, not its absence. */
  readonly takesNull: boolean
}

/** The encoder of a message that is no well-known type. */
export function messageEncoder(type: MessageType, skipped?: string): ValueEncoder {
  let fields: Map<string, FieldEncoder> | undefined
  let required: readonly Field[] = []
  let unique = true
  return (state, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpectedToken()
    if (fields === undefined) {
      fields = fieldEncoders(type)
      required = type.fields.filter((field) => field.required)
      unique = type.fields.every(
        (field) => field.oneof === undefined && field.name === field.jsonName && field.kind !== 'group',
      )
    }
    if (++state.depth > maxDepth) throw new MissingField('exceeded max recursion depth')
    const message = value as Record<string, unknown>
    const seen = unique && required.length === 0 ? undefined : new Set<Field | string>()
    let key = ''
    try {
      for (key of Object.keys(message)) {
        const item = message[key]
        // JSON has no such values; JSON.stringify leaves them out.
        if (item === undefined || typeof item === 'function' || typeof item === 'symbol' || key === skipped) continue
        const entry = fields.get(key)
        if (entry === undefined) throw new Mismatch('key', (raw) => `unknown field ${raw}`)
        if (seen !== undefined) {
          if (seen.has(entry.field)) throw new Mismatch('key', (raw) => `duplicate field ${raw}`)
          seen.add(entry.field)
        }
        if (item === null && !entry.takesNull) continue
        if (seen !== undefined) checkOneof(seen, entry.field, type)
        entry.encode(state, item)
      }
    } catch (error) {
      if (error instanceof Mismatch) error.path.unshift(key)
      throw error
    }
    state.depth--
    if (state.missing !== undefined) return
    for (const field of required) {
      if (!seen!.has(`set:${field.name}`)) state.missing = `${type.fullName}.${field.name}`
    }
  }
}

function checkOneof(seen: Set<Field | string>, field: Field, type: MessageType): void {
  if (field.required) seen.add(`set:${field.name}`)
  if (field.oneof === undefined) return
  const name = `oneof:${field.oneof}`
  if (seen.has(name)) {
    throw new Mismatch('key', (raw) => `error parsing ${raw}, oneof ${type.fullName}.${field.oneof} is already set`)
  }
  seen.add(name)
}

function fieldEncoders(type: MessageType): Map<string, FieldEncoder> {
  const out = new Map<string, FieldEncoder>()
  const entries = type.fields.map((field): FieldEncoder => {
    const isValue = field.message?.fullName === 'google.protobuf.Value' && field.map === undefined
    const isNull = field.enum?.fullName === 'google.protobuf.NullValue'
    return { field, encode: fieldEncoder(field), takesNull: isValue || isNull }
  })
  // The JSON name wins where one field's JSON name is another's own.
  for (const entry of entries) out.set(textName(entry.field), entry)
  for (const entry of entries) out.set(entry.field.jsonName, entry)
  return out
}

/** A group goes by its type's name in text. */
function textName(field: Field): string {
  return field.kind === 'group' ? field.message!.fullName.replace(/^.*\./, '') : field.name
}

function fieldEncoder(field: Field): ValueEncoder {
  if (field.map !== undefined) return mapEncoder(field, field.map)
  const value = singularEncoder(field)
  if (!field.repeated) return field.presence || field.message !== undefined ? value.tagged : implicit(value)
  return field.packed ? packedEncoder(field, value) : listEncoder(value)
}

interface SingularEncoder {
  readonly tagged: ValueEncoder
  readonly bare: ValueEncoder
}

function singularEncoder(field: Field): SingularEncoder {
  const tag = tagOf(field)
  if (field.kind === 'message' || field.kind === 'group') {
    const { message } = field
    let encode: ValueEncoder | undefined
    const bare: ValueEncoder = (state, value) => (encode ??= encoderOf(message!))(state, value)
    if (field.kind === 'group') {
      return {
        bare,
        tagged: (state, value) => {
          state.writer.uint32(tag)
          bare(state, value)
          state.writer.uint32(tag + 1)
        },
      }
    }
    return {
      bare,
      tagged: (state, value) => {
        state.writer.uint32(tag)
        const start = state.writer.open()
        bare(state, value)
        state.writer.close(start)
      },
    }
  }
  const bare = scalarEncoder(field)
  return {
    bare,
    tagged: (state, value) => {
      state.writer.uint32(tag)
      bare(state, value)
    },
  }
}

/** Without presence, the zero value is not written. */
function implicit({ tagged }: SingularEncoder): ValueEncoder {
  return (state, value) => {
    const { writer: out } = state
    const start = out.pos
    tagged(state, value)
    // The tag is not zero, so its bytes are passed over first.
    let i = start
    while (out.buffer[i]! > 127) i++
    for (i++; i < out.pos; i++) if (out.buffer[i] !== 0) return
    out.pos = start
  }
}

function listEncoder({ tagged }: SingularEncoder): ValueEncoder {
  return (state, value) => {
    eachItem(value, (item) => tagged(state, item))
  }
}

function packedEncoder(field: Field, { bare }: SingularEncoder): ValueEncoder {
  const tag = ((field.number << 3) | 2) >>> 0
  return (state, value) => {
    if (Array.isArray(value) && value.length === 0) return
    state.writer.uint32(tag)
    const start = state.writer.open()
    eachItem(value, (item) => bare(state, item))
    state.writer.close(start)
  }
}

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

function mapEncoder(field: Field, map: NonNullable<Field['map']>): ValueEncoder {
  const tag = ((field.number << 3) | 2) >>> 0
  const encodeKey = mapKeyEncoder(map.key)
  const value = singularEncoder(map.value)
  return (state, entries) => {
    if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) throw unexpectedToken()
    const object = entries as Record<string, unknown>
    let key = ''
    try {
      for (key of Object.keys(object)) {
        const item = object[key]
        if (item === undefined || typeof item === 'function' || typeof item === 'symbol') continue
        state.writer.uint32(tag)
        const start = state.writer.open()
        encodeKey(state, key)
        value.tagged(state, item)
        state.writer.close(start)
      }
    } catch (error) {
      if (error instanceof Mismatch) error.path.unshift(key)
      throw error
    }
  }
}

function mapKeyEncoder(field: Field): (state: EncodeState, key: string) => void {
  const tag = tagOf(field)
  const encode = scalarEncoder(field)
  return (state, key) => {
    state.writer.uint32(tag)
    let value: unknown = key
    if (field.kind === 'bool') value = key === 'true' ? true : key === 'false' ? false : undefined
    // Keys are decimal, with no fraction and no exponent.
    else if (field.kind !== 'string' && !/^[+-]?\d+$/.test(key)) value = undefined
    try {
      encode(state, field.kind === 'string' || field.kind === 'bool' ? value : String(value).replace(/^\+/, ''))
    } catch (error) {
      if (error instanceof Mismatch) throw new Mismatch('key', (raw) => `invalid value for ${field.kind} key: ${raw}`)
      throw error
    }
  }
}

function tagOf(field: Field): number {
  return ((field.number << 3) | wireTypes[field.kind]) >>> 0
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
