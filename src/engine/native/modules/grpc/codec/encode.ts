/**
 * Protobuf's JSON mapping and wire format in one pass: script values in, bytes out, one compiled encoder per message
 * type. What is refused, and with which words, is what k6's protojson refuses (verified on k6 2.2).
 */
import type { Field, MessageType } from '../schema/types.js'
import { Mismatch, unexpectedToken } from './mismatch.js'
import { eachItem, type EncodeState, scalarEncoder, type Types, type ValueEncoder, wireTypes } from './scalar-encode.js'
import { maxDepth } from './wire-reader.js'
import { WireWriter } from './wire-writer.js'
import { wellKnownEncoder } from './well-known-encode.js'

const writer = new WireWriter()

/**
 * Bytes of a message, behind `head` bytes of room for a frame's head.
 * @param value  what JSON.parse could answer: no functions, no `toJSON`
 * @throws Mismatch  the value is no JSON of this type
 */
export function encodeMessage(type: MessageType, value: unknown, types: Types, head: number): Buffer {
  const state: EncodeState = { writer, types, depth: 0, encoderOf, messageEncoder, missing: undefined }
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
