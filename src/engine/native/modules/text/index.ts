/**
 * Globals `TextEncoder` and `TextDecoder` as k6 has them since 2.2: three encodings, plain objects, callable without
 * `new`. Texts of errors are k6's, verified on k6 2.2.
 */
import { TextDecoder as NodeTextDecoder, types } from 'node:util'
import type { Realm, VuScope } from '../../types.js'

export interface TextModule {
  readonly TextEncoder: unknown
  readonly TextDecoder: unknown
  readonly [name: string]: unknown
}

/** One pair per realm: the VUs of a realm share it. */
export function createTextModule(vu: VuScope): TextModule {
  const realm = vu.realm
  let coding = made.get(realm)
  if (coding === undefined) {
    coding = { TextEncoder: textEncoder(realm), TextDecoder: textDecoder(realm) }
    made.set(realm, coding)
  }
  return coding
}

const made = new WeakMap<Realm, TextModule>()
const encodings: ReadonlySet<string> = new Set(['utf-8', 'utf-16le', 'utf-16be'])

function textEncoder(realm: Realm): unknown {
  return function TextEncoder(): object {
    const encoder = new realm.Object()
    define(encoder, 'encode', (text?: unknown): Uint8Array => {
      const bytes = Buffer.from(text === undefined || text === null ? '' : String(text), 'utf8')
      const result = new realm.Uint8Array(bytes.length)
      result.set(bytes)
      return result
    })
    define(encoder, 'encoding', 'utf-8')
    return encoder
  }
}

function textDecoder(realm: Realm): unknown {
  return function TextDecoder(label?: unknown, options?: unknown): object {
    const encoding = encodingOf(realm, label)
    const { fatal, ignoreBOM } = readOptions(realm, options)
    const inner = new NodeTextDecoder(encoding, { fatal, ignoreBOM })
    const decoder = new realm.Object()
    define(decoder, 'decode', (input?: unknown, decodeOptions?: unknown): string => {
      if (typeof input === 'string') return input
      const bytes = inputBytes(realm, input)
      const stream = Boolean((decodeOptions as { stream?: unknown } | undefined | null)?.stream)
      try {
        return inner.decode(bytes, { stream })
      } catch {
        throw new realm.TypeError('decoding text: invalid byte sequence')
      }
    })
    define(decoder, 'encoding', encoding)
    define(decoder, 'fatal', fatal)
    define(decoder, 'ignoreBOM', ignoreBOM)
    return decoder
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true })
}

function encodingOf(realm: Realm, label: unknown): string {
  const text = label === undefined || label === null || label === '' ? 'utf-8' : String(label)
  try {
    const name = new NodeTextDecoder(text).encoding
    if (encodings.has(name)) return name
  } catch {
    // Not a label of the encoding standard: the same error as for one that k6 lacks.
  }
  const RangeError = realm.global['RangeError'] as RangeErrorConstructor
  throw new RangeError(`unsupported encoding: ${text}`)
}

function readOptions(realm: Realm, options: unknown): { fatal: boolean; ignoreBOM: boolean } {
  if (options === undefined || options === null) return { fatal: false, ignoreBOM: false }
  if (typeof options !== 'object') {
    throw new realm.GoError(`could not convert ${String(options)} to encoding.TextDecoderOptions`)
  }
  const { fatal, ignoreBOM } = options as { fatal?: unknown; ignoreBOM?: unknown }
  return { fatal: Boolean(fatal), ignoreBOM: Boolean(ignoreBOM) }
}

function inputBytes(realm: Realm, input: unknown): Uint8Array {
  if (input === undefined || input === null) return new Uint8Array(0)
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  if (types.isAnyArrayBuffer(input)) return new Uint8Array(input)
  if (Array.isArray(input) && input.every((byte) => typeof byte === 'number')) return Uint8Array.from(input)
  throw new realm.GoError('data is not an ArrayBuffer, typed array, or DataView')
}
