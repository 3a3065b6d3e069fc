/** `Blob` as k6 has it: https://grafana.com/docs/k6/latest/javascript-api/k6-websockets/blob/ */
import type { Realm, VuScope } from '../../types.js'
import { streamOfBytes } from '../streams/index.js'

export interface BlobClass {
  readonly Blob: (parts?: unknown, options?: unknown) => object
  /** Takes the bytes over. */
  make(bytes: Uint8Array): object
  /** The bytes of a blob; undefined when the value is none. */
  bytesOf(value: unknown): Uint8Array | undefined
}

export function makeBlobClass(vu: VuScope): BlobClass {
  const { realm } = vu
  const contents = new WeakMap<object, Uint8Array>()
  const bytesOf = (value: unknown): Uint8Array | undefined =>
    typeof value === 'object' && value !== null ? contents.get(value) : undefined

  function Blob(parts?: unknown, options?: unknown): object {
    return fill(read(realm, parts, bytesOf), typeOf(realm, options))
  }
  Blob.prototype = new realm.Object() as object
  Object.defineProperty(Blob.prototype, 'constructor', { value: Blob, writable: true, configurable: true })
  ;(Blob.prototype as Record<string, unknown>)['toString'] = () => '[object Blob]'

  const fill = (bytes: Uint8Array, type: string): object => {
    const blob = Object.create(Blob.prototype as object) as Record<string, unknown>
    contents.set(blob, bytes)
    const fixed = (name: string, value: unknown): void => {
      Object.defineProperty(blob, name, { get: () => value, enumerable: true, configurable: false })
    }
    fixed('size', bytes.length)
    fixed('type', type)
    blob['arrayBuffer'] = () => realm.Promise.resolve(copyOf(realm, bytes).buffer)
    blob['bytes'] = () => realm.Promise.resolve(copyOf(realm, bytes))
    blob['slice'] = (from?: unknown, to?: unknown, contentType?: unknown) => {
      const start = from === undefined ? 0 : integer(from)
      const end = to === undefined ? bytes.length : integer(to)
      const last = end < 0 ? bytes.length + end : end
      if (start < 0 || last > bytes.length || start > last) {
        throw new realm.GoError(`slice bounds out of range [${start}:${last}] with length ${bytes.length}`)
      }
      return fill(bytes.slice(start, last), contentType === undefined ? '' : String(contentType))
    }
    blob['text'] = () => realm.Promise.resolve(Buffer.from(bytes).toString('utf8'))
    blob['stream'] = () => streamOfBytes(vu, bytes)
    return blob
  }
  return { Blob, make: (bytes) => fill(bytes, ''), bytesOf }
}

/** A copy in an ArrayBuffer of the script's realm. */
export function copyOf(realm: Realm, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new realm.Uint8Array(bytes.length)
  copy.set(bytes)
  return copy
}

/** The bytes behind an ArrayBuffer, typed array or DataView of any realm; undefined when the value is none. */
export function viewOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (Object.prototype.toString.call(value) === '[object ArrayBuffer]') return new Uint8Array(value as ArrayBuffer)
  return undefined
}

function read(realm: Realm, parts: unknown, bytesOf: (value: unknown) => Uint8Array | undefined): Uint8Array {
  if (parts === undefined || parts === null) return new Uint8Array(0)
  if (!Array.isArray(parts)) {
    throw new realm.GoError(`failed to process [blobParts]: cannot convert ${String(parts)} to []interface {}`)
  }
  return Buffer.concat(
    parts.map((part: unknown) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : (viewOf(part) ?? bytesOf(part))
      if (bytes !== undefined) return bytes
      throw new realm.GoError(`failed to process [blobParts]: unsupported type: ${goType(part)}`)
    }),
  )
}

function typeOf(realm: Realm, options: unknown): string {
  if (options === undefined) return ''
  if (typeof options !== 'object' || options === null) throw new realm.GoError('[options] must be an object')
  const { type } = options as { type?: unknown }
  return type === undefined ? '' : String(type)
}

function integer(value: unknown): number {
  return Math.trunc(Number(value)) || 0
}

/** As Go names the type of a script's value. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'function') return 'func(sobek.FunctionCall) sobek.Value'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}
