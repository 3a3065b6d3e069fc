/**
 * How k6 turns script values into Go values and back. Its modules are Go functions, so what a missing argument means,
 * which bytes a string has and how a value's type is called in an error are Go's. Every rule verified on k6 2.2.
 */
import { isUtf8 } from 'node:buffer'
import { types } from 'node:util'
import type { Realm } from '../../types.js'

/**
 * Bytes of a string (UTF-8), an ArrayBuffer or a byte array; views, not copies.
 * @param prefix  put before the error's text: k6 wraps some of these errors
 * @throws        the realm's GoError in k6's words for any other value
 */
export function toBytes(realm: Realm, value: unknown, prefix = ''): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (typeof value === 'object' && value !== null) {
    if (types.isUint8Array(value) || types.isUint8ClampedArray(value)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    }
    if (types.isAnyArrayBuffer(value)) return new Uint8Array(value)
  }
  if (typeof value === 'symbol') return Buffer.from(value.description ?? '', 'utf8')
  throw new realm.GoError(`${prefix}invalid type ${goTypeName(value)}, expected string, []byte or ArrayBuffer`)
}

/** A parameter of Go type `string`: missing, undefined and null are empty. */
export function goStringArgument(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'symbol' ? (value.description ?? '') : String(value)
}

/** A parameter of Go type `int`: truncated, and what is no finite number is 0. */
export function goIntArgument(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : Number(value ?? 0)
  return Number.isFinite(number) ? Math.trunc(number) : 0
}

/** The name that Go prints for the type of a script's value (`%T`). */
export function goTypeName(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>'
    case 'boolean':
      return 'bool'
    case 'string':
    case 'symbol':
      return 'string'
    case 'number':
      // k6's engine keeps whole numbers apart from floating ones; -0 is one of the latter.
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int64' : 'float64'
    case 'bigint':
      return '*big.Int'
    case 'function':
      return /^class\b/.test(Function.prototype.toString.call(value))
        ? 'func(sobek.ConstructorCall) *sobek.Object'
        : 'func(sobek.FunctionCall) sobek.Value'
    default:
      return value === null ? '<nil>' : goObjectTypeName(value as object)
  }
}

/** Text of bytes as k6 makes it: every byte that is not part of valid UTF-8 becomes one U+FFFD. */
export function goText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer) ? buffer.toString('utf8') : decodeInvalid(buffer)
}

/** A fresh ArrayBuffer of the script's realm with these bytes. */
export function toArrayBuffer(realm: Realm, bytes: Uint8Array): ArrayBuffer {
  const buffer = new realm.ArrayBuffer(bytes.byteLength)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

/** A plain object of the script's realm. */
export function realmObject(realm: Realm, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.assign(new realm.Object() as Record<string, unknown>, fields)
}

/** An array of the script's realm. */
export function realmArray<T>(realm: Realm, items: Iterable<T>): T[] {
  const array = new realm.Array() as T[]
  for (const item of items) array.push(item)
  return array
}

const goNames: readonly (readonly [(value: unknown) => boolean, string])[] = [
  [Array.isArray, '[]interface {}'],
  [types.isUint8Array, '[]uint8'],
  [types.isUint8ClampedArray, '[]uint8'],
  [types.isInt8Array, '[]int8'],
  [types.isInt16Array, '[]int16'],
  [types.isUint16Array, '[]uint16'],
  [types.isInt32Array, '[]int32'],
  [types.isUint32Array, '[]uint32'],
  [types.isFloat32Array, '[]float32'],
  [types.isFloat64Array, '[]float64'],
  [types.isBigInt64Array, '[]int64'],
  [types.isBigUint64Array, '[]uint64'],
  [types.isAnyArrayBuffer, 'sobek.ArrayBuffer'],
  [types.isDate, 'time.Time'],
  [types.isMap, '[][2]interface {}'],
  [types.isSet, '[]interface {}'],
  [types.isPromise, '*sobek.Promise'],
  [types.isArgumentsObject, '[]interface {}'],
]

function goObjectTypeName(value: object): string {
  if (types.isProxy(value)) return 'sobek.Proxy'
  for (const [is, name] of goNames) if (is(value)) return name
  if (types.isBoxedPrimitive(value)) return goTypeName(value.valueOf())
  return (value as { [goTypeSymbol]?: string })[goTypeSymbol] ?? 'map[string]interface {}'
}

/** Objects of our own modules that are Go structs in k6 carry the struct's name under this key of their prototype. */
export const goTypeSymbol: unique symbol = Symbol('perfwright.goType')

// Go's decoding replaces byte by byte; the web's replaces a whole truncated sequence by one U+FFFD.
function decodeInvalid(bytes: Buffer): string {
  const parts: string[] = []
  let start = 0
  let i = 0
  while (i < bytes.length) {
    const length = sequenceLength(bytes, i)
    if (length > 0) {
      i += length
      continue
    }
    if (start < i) parts.push(bytes.toString('utf8', start, i))
    parts.push('\ufffd')
    i++
    start = i
  }
  if (start < bytes.length) parts.push(bytes.toString('utf8', start))
  return parts.join('')
}

/** Length of the valid UTF-8 sequence at `i` (RFC 3629), 0 when there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i] as number
  if (lead < 0x80) return 1
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
  if (length === 0 || i + length > bytes.length) return 0
  const second = bytes[i + 1] as number
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let k = 2; k < length; k++) if (((bytes[i + k] as number) & 0xc0) !== 0x80) return 0
  return length
}
