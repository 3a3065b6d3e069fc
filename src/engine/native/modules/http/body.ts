/**
 * Request bodies as k6 encodes what a script hands in: text and bytes as they are, objects as a urlencoded form, or as
 * multipart/form-data when one of the values is an `http.file`.
 */
import { randomBytes } from 'node:crypto'
import type { Realm } from '../../types.js'
import { formatNumber, formatTime, formatValue, isDate, typeName } from './go-text.js'
import { queryEscape } from './go-url.js'

export interface RequestBody {
  readonly data: string | Buffer
  /** What a form or a multipart body declares; undefined for text and bytes. */
  readonly contentType: string | undefined
}

/** What `http.file` answers. */
export interface FileData {
  readonly data: string | ArrayBuffer
  readonly filename: string
  readonly content_type: string
}

const files = new WeakSet<object>()

/** @throws the realm's GoError when `data` is neither a string nor an ArrayBuffer */
export function makeFile(
  realm: Realm,
  data: unknown,
  filename: unknown,
  contentType: unknown,
  unixMs: number,
): FileData {
  if (typeof data !== 'string' && !isArrayBuffer(data)) {
    throw new realm.GoError(`invalid type ${typeName(data)}, expected string or ArrayBuffer`)
  }
  const file = new realm.Object() as unknown as { -readonly [K in keyof FileData]: FileData[K] }
  file.data = data
  file.filename = filename === undefined ? String(Math.round(unixMs * 1e6)) : String(filename)
  file.content_type = contentType === undefined ? 'application/octet-stream' : String(contentType)
  files.add(file)
  return file
}

/**
 * @param warn  told of values that a flat form cannot carry
 * @throws Error in k6's words for a type that is no body
 */
export function encodeBody(body: unknown, warn: (message: string) => void): RequestBody | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return { data: body, contentType: undefined }
  if (typeof body === 'symbol') return { data: body.description ?? '', contentType: undefined }
  const bytes = bytesOf(body)
  if (bytes !== undefined) return { data: bytes, contentType: undefined }
  if (files.has(body)) throw new Error('unknown request body type *http.FileData')
  const type = typeName(body)
  if (type !== 'map[string]interface {}') throw new Error(`unknown request body type ${type}`)
  const form = body as Record<string, unknown>
  // A boxed string has no keys of its own in k6's eyes.
  const keys = Object.prototype.toString.call(body) === '[object String]' ? [] : Object.keys(form)
  return keys.some((key) => isFile(form[key])) ? encodeMultipart(form, keys, warn) : encodeForm(form, keys, warn)
}

/** Bytes of an ArrayBuffer or typed array of any realm, not copied. */
export function bytesOf(value: unknown): Buffer | undefined {
  if (isArrayBuffer(value)) return Buffer.from(value)
  if (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) !== '[object DataView]') {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  return undefined
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}

function isFile(value: unknown): value is FileData {
  return typeof value === 'object' && value !== null && files.has(value)
}

function encodeForm(form: Record<string, unknown>, keys: string[], warn: (message: string) => void): RequestBody {
  // Go's url.Values sorts by key, bytewise.
  keys.sort()
  const pairs: string[] = []
  for (const key of keys) {
    const value = form[key]
    for (const item of Array.isArray(value) ? value : [value]) {
      pairs.push(`${queryEscape(key)}=${queryEscape(formValue(item, warn))}`)
    }
  }
  return { data: pairs.join('&'), contentType: 'application/x-www-form-urlencoded' }
}

function formValue(value: unknown, warn: (message: string) => void): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return formatNumber(value)
  if (isDate(value)) return formatTime(value)
  const type = typeName(value)
  if (type === 'map[string]interface {}' || type === '[]interface {}') {
    warn(
      `cannot urlencode a nested ${type} value in a request form body; encoding it as an empty value, use JSON.stringify() to send structured data`,
    )
    return ''
  }
  return formatValue(value)
}

function encodeMultipart(form: Record<string, unknown>, keys: string[], warn: (message: string) => void): RequestBody {
  const boundary = randomBytes(30).toString('hex')
  const parts: Buffer[] = []
  for (const [i, key] of keys.entries()) {
    const value = form[key]
    let head = `${i === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Disposition: form-data; `
    let data: Buffer
    if (isFile(value)) {
      head += `name="${lineSafe(key)}"; filename="${lineSafe(quoteSafe(value.filename))}"\r\n`
      head += `Content-Type: ${lineSafe(value.content_type)}\r\n`
      data = bytesOf(value.data) ?? Buffer.from(String(value.data), 'utf8')
    } else {
      head += `name="${lineSafe(quoteSafe(key))}"\r\n`
      data = Buffer.from(formValue(value, warn), 'utf8')
    }
    parts.push(Buffer.from(`${head}\r\n`, 'utf8'), data)
  }
  parts.push(Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'))
  return { data: Buffer.concat(parts), contentType: `multipart/form-data; boundary=${boundary}` }
}

function quoteSafe(text: string): string {
  return text.replace(/[\\"]/g, '\\$&')
}

/** A line break in a field name would add headers to the part; Go's own field names escape it the same way. */
function lineSafe(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
