/** From what a script hands over to the bytes of a message. */
import { encodeMessage, MissingField } from './codec/encode.js'
import { Mismatch, mismatchMessage } from './codec/mismatch.js'
import type { Types } from './codec/scalar-encode.js'
import type { Realm } from '../../types.js'
import { frameHead } from './call.js'
import type { MessageType } from './schema/types.js'

/**
 * The frame of a request. k6 writes the script's value as JSON and reads that as protobuf's JSON. Values that are
 * their own JSON are read directly; all others, and all that is refused, go the long way for k6's words.
 * @param numbers  true: NaN and the infinities count as their names, as in `invoke`; false: as null, as in a stream
 * @throws Error in k6's words, without the prefix of the caller
 */
export function encodeRequest(realm: Realm, type: MessageType, value: unknown, types: Types, numbers: boolean): Buffer {
  if (isOwnJson(value)) {
    try {
      return framed(encodeMessage(type, value, types, frameHead))
    } catch (error) {
      if (!(error instanceof Mismatch) && !(error instanceof MissingField)) throw error
    }
  }
  const json = jsonOf(realm, numbers ? withNamedNumbers(value, []) : value)
  try {
    return framed(encodeMessage(type, JSON.parse(json) as unknown, types, frameHead))
  } catch (error) {
    if (error instanceof Mismatch) throw new Error(mismatchMessage(error, json), { cause: error })
    if (error instanceof MissingField) throw new Error(`proto: ${error.message}`, { cause: error })
    throw error
  }
}

/** Plain through and through would be too dear to look for: objects with `toJSON` fail as a scalar or here. */
function isOwnJson(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !hasOwnToJson(value, 0)
}

function hasOwnToJson(value: object, depth: number): boolean {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function' || depth > 200) return true
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (typeof item === 'object' && item !== null && hasOwnToJson(item, depth + 1)) return true
  }
  return false
}

function framed(bytes: Buffer): Buffer {
  bytes[0] = 0
  bytes.writeUInt32BE(bytes.length - frameHead, 1)
  return bytes
}

function jsonOf(realm: Realm, value: unknown): string {
  // JSON has no text for functions and undefined; k6 writes null.
  return (realm.JSON.stringify(value) as string | undefined) ?? 'null'
}

/** k6 copies the objects and arrays of a request and gives the numbers that JSON lacks their protobuf names. */
function withNamedNumbers(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  const isArray = Array.isArray(value)
  if (!isArray && Object.prototype.toString.call(value) !== '[object Object]') return value
  if (above.includes(value)) throw new Error(cyclic)
  const stack = [...above, value]
  const copy = (isArray ? [] : {}) as Record<string, unknown>
  for (const key of Object.keys(value)) {
    const item = withNamedNumbers((value as Record<string, unknown>)[key], stack)
    Object.defineProperty(copy, key, { value: item, writable: true, enumerable: true, configurable: true })
  }
  return copy
}

export const cyclic = 'cyclic reference to an object found'
