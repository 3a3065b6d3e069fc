/** Types whose JSON is not the JSON of their fields: protobuf.dev/programming-guides/json. */
import { goQuote } from '../../../http1/go-quote.js'
import type { Field, MessageType } from '../schema/types.js'
import { eachItem, type EncodeState, scalarEncoder, type ValueEncoder, wireTypes } from './scalar-encode.js'
import { Mismatch, unexpectedToken } from './mismatch.js'
import {
  maxDurationSeconds,
  maxTimestampSeconds,
  minTimestampSeconds,
  parseDuration,
  parseTimestamp,
  type SecondsNanos,
} from './numbers.js'
import { maxDepth } from './wire-reader.js'

/** The encoder of a well-known type; undefined for all others. */
export function wellKnownEncoder(type: MessageType): ValueEncoder | undefined {
  if (!type.fullName.startsWith('google.protobuf.')) return undefined
  switch (type.fullName.slice('google.protobuf.'.length)) {
    case 'Any':
      return encodeAny
    case 'Timestamp':
      return encodeTime(type.fullName, parseTimestamp, minTimestampSeconds, maxTimestampSeconds)
    case 'Duration':
      return encodeTime(type.fullName, parseDuration, -maxDurationSeconds, maxDurationSeconds)
    case 'Struct':
      return encodeStruct
    case 'ListValue':
      return encodeList
    case 'Value':
      return encodeValue
    case 'FieldMask':
      return encodeFieldMask
    case 'Empty':
      return encodeEmpty
    case 'BoolValue':
    case 'Int32Value':
    case 'Int64Value':
    case 'UInt32Value':
    case 'UInt64Value':
    case 'FloatValue':
    case 'DoubleValue':
    case 'StringValue':
    case 'BytesValue':
      return wrapperEncoder(type)
    default:
      return undefined
  }
}

export function isWellKnown(type: MessageType): boolean {
  return wellKnownEncoder(type) !== undefined
}

function wrapperEncoder(type: MessageType): ValueEncoder | undefined {
  const field = type.fields.find(({ number }) => number === 1)
  if (field === undefined || field.message !== undefined) return undefined
  const encode = scalarEncoder({ ...field, jsonName: 'value' } satisfies Field)
  const tag = (1 << 3) | wireTypes[field.kind]
  return (state, value) => {
    const { writer } = state
    const start = writer.pos
    writer.uint32(tag)
    encode(state, value)
    for (let i = start + 1; i < writer.pos; i++) if (writer.buffer[i] !== 0) return
    writer.pos = start
  }
}

function encodeTime(
  fullName: string,
  parse: (text: string) => SecondsNanos | undefined,
  min: number,
  max: number,
): ValueEncoder {
  return ({ writer }, value) => {
    if (typeof value !== 'string') throw unexpectedToken()
    const time = parse(value)
    if (time === undefined) throw new Mismatch('value', (raw) => `invalid ${fullName} value ${raw}`)
    const { seconds, nanos } = time
    if (seconds < min || seconds > max) {
      throw new Mismatch('value', (raw) => `${fullName} value out of range: ${raw}`)
    }
    if (seconds !== 0) {
      writer.uint32(1 << 3)
      writer.varint64(seconds >>> 0, Math.floor(seconds / 4_294_967_296) >>> 0)
    }
    if (nanos !== 0) {
      writer.uint32(2 << 3)
      writer.int32(nanos)
    }
  }
}

const encodeEmpty: ValueEncoder = (_, value) => {
  const key = Object.keys(plainObject(value)).find((name) => isJson((value as Record<string, unknown>)[name]))
  if (key === undefined) return
  const mismatch = new Mismatch('key', (raw) => `unknown field ${raw}`)
  mismatch.path.push(key)
  throw mismatch
}

function plainObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpectedToken()
  return value as Record<string, unknown>
}

function isJson(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

const encodeStruct: ValueEncoder = (state, value) => {
  const { writer } = state
  const object = plainObject(value)
  deeper(state)
  let key = ''
  try {
    for (key of Object.keys(object)) {
      if (!isJson(object[key])) continue
      writer.uint32(10)
      const entry = writer.open()
      writer.uint32(10)
      writer.string(key)
      writer.uint32(18)
      const start = writer.open()
      encodeValue(state, object[key])
      writer.close(start)
      writer.close(entry)
    }
  } catch (error) {
    if (error instanceof Mismatch) error.path.unshift(key)
    throw error
  }
  state.depth--
}

const encodeList: ValueEncoder = (state, value) => {
  const { writer } = state
  deeper(state)
  eachItem(value, (item) => {
    writer.uint32(10)
    const start = writer.open()
    encodeValue(state, item)
    writer.close(start)
  })
  state.depth--
}

const encodeValue: ValueEncoder = (state, value) => {
  const { writer } = state
  if (value === null) {
    writer.uint32(1 << 3)
    writer.uint32(0)
  } else if (typeof value === 'boolean') {
    writer.uint32(4 << 3)
    writer.uint32(value ? 1 : 0)
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Mismatch('value', (raw) => `invalid google.protobuf.Value: ${raw}`)
    writer.uint32((2 << 3) | 1)
    writer.double(value)
  } else if (typeof value === 'string') {
    writer.uint32((3 << 3) | 2)
    writer.string(value)
  } else if (typeof value === 'object') {
    const isList = Array.isArray(value)
    writer.uint32(((isList ? 6 : 5) << 3) | 2)
    const start = writer.open()
    if (isList) encodeList(state, value)
    else encodeStruct(state, value)
    writer.close(start)
  } else throw unexpectedToken()
}

function deeper(state: EncodeState): void {
  if (++state.depth > maxDepth) throw new Mismatch('value', () => 'exceeded max recursion depth')
}

const encodeFieldMask: ValueEncoder = ({ writer }, value) => {
  if (typeof value !== 'string') throw unexpectedToken()
  const text = value.trim()
  if (text === '') return
  for (const path of text.split(',')) {
    const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    if (path.includes('_') || !/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(snake)) {
      throw new Mismatch('value', () => `google.protobuf.FieldMask.paths contains invalid path: ${goQuote(path)}`)
    }
    writer.uint32(10)
    writer.string(snake)
  }
}

const encodeAny: ValueEncoder = (state, value) => {
  const object = plainObject(value)
  const keys = Object.keys(object).filter((key) => isJson(object[key]))
  if (keys.length === 0) return
  const url = object['@type']
  if (url === undefined) throw new Mismatch('value', () => 'missing "@type" field')
  const atType = (text: (raw: string) => string): Mismatch => {
    const mismatch = new Mismatch('value', text)
    mismatch.path.push('@type')
    return mismatch
  }
  if (typeof url !== 'string') throw atType((raw) => `@type field value is not a string: ${raw}`)
  if (url === '') throw atType(() => '@type field contains empty value')
  const type = state.types.get(url.slice(url.lastIndexOf('/') + 1))
  if (type === undefined) throw atType((raw) => `unable to resolve ${raw}: "not found"`)
  const { writer } = state
  writer.uint32(10)
  writer.string(url)
  writer.uint32(18)
  const start = writer.open()
  // Required fields count only outside an Any.
  const { missing } = state
  state.missing = 'in Any'
  if (isWellKnown(type)) encodeAnyValue(state, type, object, keys)
  else state.messageEncoder(type, '@type')(state, object)
  state.missing = missing
  writer.close(start)
}

function encodeAnyValue(
  state: EncodeState,
  type: MessageType,
  object: Record<string, unknown>,
  keys: readonly string[],
): void {
  const unknown = keys.find((key) => key !== '@type' && key !== 'value')
  if (unknown !== undefined) {
    const mismatch = new Mismatch('key', (raw) => `unknown field ${raw}`)
    mismatch.path.push(unknown)
    throw mismatch
  }
  if (!keys.includes('value')) throw new Mismatch('end', () => 'missing "value" field')
  try {
    state.encoderOf(type)(state, object['value'])
  } catch (error) {
    if (error instanceof Mismatch) error.path.unshift('value')
    throw error
  }
}
