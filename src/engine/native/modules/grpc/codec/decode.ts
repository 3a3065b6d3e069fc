/**
 * From the wire to the objects that a script sees, in one pass: what k6 gets by writing protojson with EmitUnpopulated
 * and reading that back. One compiled decoder per message type and realm: the objects are the script's own.
 */
import type { Realm } from '../../../types.js'
import type { Field, MessageType } from '../schema/types.js'
import {
  type Decoders,
  type DecodeState,
  enumValue,
  type MessageDecoder,
  nested,
  scalarReader,
  set,
} from './scalar-decode.js'
import { type Types, wireTypes } from './scalar-encode.js'
import { wellKnownDecoder } from './well-known-decode.js'
import { maxDepth, WireError, WireReader } from './wire-reader.js'

/** The decoders of one realm. */
export class RealmDecoder implements Decoders {
  readonly realm: Realm
  readonly #decoders = new WeakMap<MessageType, MessageDecoder>()

  constructor(realm: Realm) {
    this.realm = realm
  }

  /**
   * @throws WireError  the bytes are no such message
   * @throws JsonError  they have no JSON
   */
  decode(type: MessageType, bytes: Uint8Array, types: Types): unknown {
    const state: DecodeState = { codec: this, types, depth: 0, missing: undefined }
    const value = this.of(type)(new WireReader(bytes), state)
    if (state.missing !== undefined) throw new WireError(`required field ${state.missing} not set`)
    return value
  }

  /** The decoder of a type, made once. */
  of(type: MessageType): MessageDecoder {
    let decoder = this.#decoders.get(type)
    if (decoder === undefined) {
      decoder = wellKnownDecoder(type, this.realm) ?? messageDecoder(type, this.realm)
      this.#decoders.set(type, decoder)
    }
    return decoder
  }
}

type Target = Record<string, unknown>
/** Reads the value behind `tag` into its message. */
type FieldReader = (reader: WireReader, target: Target, state: DecodeState, tag: number) => void

interface FieldEntry {
  readonly read: FieldReader
  readonly wireType: number
  /** Also read from one length-delimited value that holds many. */
  readonly packable: boolean
  /** JSON names of the other members of its oneof: they go when it comes. */
  readonly siblings: readonly string[] | undefined
  readonly required: Field | undefined
}

type MessageReader = (reader: WireReader, state: DecodeState, target: Target) => Target

/** How to read more of a message into one that is there: its parts may come in pieces. */
const mergers = new WeakMap<MessageDecoder, MessageReader>()

/** The decoder of a message that is no well-known type. */
function messageDecoder(type: MessageType, realm: Realm): MessageDecoder {
  const make = emptyMaker(type, realm)
  let entries: Map<number, FieldEntry> | undefined
  let required: readonly Field[] = []
  const into: MessageReader = (reader, state, target) => {
    if (entries === undefined) {
      entries = new Map(type.fields.map((field) => [field.number, fieldEntry(field, type)]))
      required = type.fields.filter((field) => field.required)
    }
    let seen: Set<Field> | undefined
    while (reader.pos < reader.end) {
      const tag = reader.uint32()
      const entry = entries.get(tag >>> 3)
      // A field that comes with another wire type is unknown, as in Go.
      if (entry === undefined || ((tag & 7) !== entry.wireType && ((tag & 7) !== 2 || !entry.packable))) {
        reader.skip(tag, 0)
        continue
      }
      entry.read(reader, target, state, tag)
      if (entry.siblings !== undefined) {
        for (const name of entry.siblings) if (Object.hasOwn(target, name)) delete target[name]
      }
      if (entry.required !== undefined) (seen ??= new Set()).add(entry.required)
    }
    if (required.length > 0 && state.missing === undefined) {
      const field = required.find((candidate) => seen?.has(candidate) !== true)
      if (field !== undefined) state.missing = `${type.fullName}.${field.name}`
    }
    return target
  }
  const decoder: MessageDecoder = (reader, state) => into(reader, state, make())
  mergers.set(decoder, into)
  return decoder
}

/** A function that makes the message with nothing set, as EmitUnpopulated shows it. */
function emptyMaker(type: MessageType, realm: Realm): () => Target {
  const members = type.fields
    .filter((field) => field.oneof === undefined)
    // Computed names: '__proto__' as a plain one would set the prototype.
    .map((field) => `[${JSON.stringify(field.jsonName)}]: ${emptyText(field)}`)
  // A literal of the script's realm: objects of one shape, with its prototypes. The names are quoted, so a hostile
  // schema cannot put code here.
  return new realm.Function(`return () => ({ ${members.join(', ')} })`)() as () => Target
}

function emptyText(field: Field): string {
  if (field.map !== undefined) return '{}'
  if (field.repeated) return '[]'
  if (field.presence) return 'null'
  switch (field.kind) {
    case 'string':
    case 'bytes':
      return '""'
    case 'bool':
      return 'false'
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64':
      return '"0"'
    case 'enum':
      return JSON.stringify(enumValue(field.enum!, 0))
    default:
      return '0'
  }
}

function fieldEntry(field: Field, type: MessageType): FieldEntry {
  const siblings = type.fields.filter((other) => field.oneof !== undefined && other.oneof === field.oneof)
  const wireType = field.map === undefined ? wireTypes[field.kind] : 2
  return {
    read: fieldReader(field),
    wireType,
    packable: field.repeated && wireType !== 2 && wireType !== 3,
    siblings:
      siblings.length > 1 ? siblings.filter((other) => other !== field).map((other) => other.jsonName) : undefined,
    required: field.required ? field : undefined,
  }
}

function fieldReader(field: Field): FieldReader {
  const name = field.jsonName
  if (field.map !== undefined) return mapReader(name, field.map)
  if (field.message !== undefined) return messageReader(field, field.message)
  const read = scalarReader(field)
  if (!field.repeated) {
    return (reader, target, state) => {
      set(target, name, read(reader, state))
    }
  }
  const wireType = wireTypes[field.kind]
  return (reader, target, state, tag) => {
    const list = target[name] as unknown[]
    if ((tag & 7) === wireType) {
      list.push(read(reader, state))
      return
    }
    const limit = reader.limit()
    const { end } = reader
    reader.end = limit
    while (reader.pos < limit) list.push(read(reader, state))
    reader.end = end
  }
}

function messageReader(field: Field, type: MessageType): FieldReader {
  const name = field.jsonName
  const read = field.kind === 'group' ? group : nested
  if (field.repeated) {
    return (reader, target, state, tag) => {
      ;(target[name] as unknown[]).push(read(reader, state, state.codec.of(type), tag))
    }
  }
  return (reader, target, state, tag) => {
    const decoder = state.codec.of(type)
    const merge = mergers.get(decoder)
    const present = target[name]
    if (merge === undefined || present === null || present === undefined) {
      set(target, name, read(reader, state, decoder, tag))
    } else read(reader, state, () => merge(reader, state, present as Target), tag)
  }
}

function mapReader(name: string, map: NonNullable<Field['map']>): FieldReader {
  const readKey = scalarReader(map.key)
  const keyType = wireTypes[map.key.kind]
  const valueType = wireTypes[map.value.kind]
  const readValue = map.value.message === undefined ? scalarReader(map.value) : undefined
  const type = map.value.message
  const emptyKey = map.key.kind === 'string' ? '' : map.key.kind === 'bool' ? 'false' : '0'
  const emptyValue = JSON.parse(emptyText({ ...map.value, presence: false })) as unknown
  return (reader, target, state) => {
    const decoder = type === undefined ? undefined : state.codec.of(type)
    nested(reader, state, () => {
      let key = emptyKey
      let value: unknown
      let found = false
      while (reader.pos < reader.end) {
        const tag = reader.uint32()
        if (tag === ((1 << 3) | keyType)) key = String(readKey(reader, state))
        else if (tag === ((2 << 3) | valueType)) {
          value = decoder === undefined ? readValue!(reader, state) : nested(reader, state, decoder)
          found = true
        } else reader.skip(tag, 0)
      }
      if (!found) value = decoder === undefined ? emptyValue : decoder(new WireReader(empty), state)
      set(target[name] as Target, key, value)
    })
  }
}

const empty = Buffer.alloc(0)

/** Reads a group: the message up to the end tag that belongs to `tag`. */
function group(
  reader: WireReader,
  state: DecodeState,
  decode: (reader: WireReader, state: DecodeState) => unknown,
  tag: number,
): unknown {
  const start = reader.pos
  reader.skip(tag, 0)
  const after = reader.pos
  const { end } = reader
  reader.pos = start
  // The end tag has as many bytes as its beginning had.
  reader.end = after - tagLength(tag)
  if (++state.depth > maxDepth) throw new WireError('exceeded max recursion depth')
  const value = decode(reader, state)
  state.depth--
  reader.pos = after
  reader.end = end
  return value
}

function tagLength(tag: number): number {
  let length = 1
  for (let rest = tag >>> 7; rest > 0; rest >>>= 7) length++
  return length
}
