/** Values on their way between the script's realm and playwright: plain data is copied, objects of one side are looked up. */
import { types } from 'node:util'
import type { Realm } from '../../types.js'
import { realmArray, realmObject } from '../encoding/go-values.js'

/** Deeper than any option of a browser's method; a cycle ends there. */
const maxDepth = 100

/** @param raw  answers playwright's object behind a script's, undefined for anything else */
export function toHost(value: unknown, raw: (object: object) => object | undefined, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  const known = raw(value)
  if (known !== undefined) return known
  if (depth > maxDepth) return undefined
  if (types.isDate(value)) return new Date(value.getTime())
  if (types.isRegExp(value)) return new RegExp(value.source, value.flags)
  if (types.isAnyArrayBuffer(value)) return Buffer.from(new Uint8Array(value))
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (Array.isArray(value)) return value.map((item) => toHost(item, raw, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = toHost(item, raw, depth + 1)
  return copy
}

export function toRealm(realm: Realm, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) return undefined
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) {
    const copy = new realm.Uint8Array(value.length)
    copy.set(value)
    return copy.buffer
  }
  if (value instanceof Date) return new realm.Date(value.getTime())
  if (value instanceof Error) return new realm.Error(value.message)
  if (Array.isArray(value)) {
    return realmArray(
      realm,
      value.map((item) => toRealm(realm, item, depth + 1)),
    )
  }
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = toRealm(realm, item, depth + 1)
  return realmObject(realm, copy)
}
