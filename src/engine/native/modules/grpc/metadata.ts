/** gRPC metadata: the headers and trailers of a call (grpc's PROTOCOL-HTTP2.md, "Requests"). */
import { types } from 'node:util'
import type { Realm } from '../../types.js'
import { goText, goTypeName, realmArray } from '../encoding/go-values.js'

/** Names and values in turn, as they go on the wire. */
export type Metadata = readonly string[]

/** A call that gRPC refuses to send; it ends with this text and status Internal. */
export class BadMetadata extends Error {}

/**
 * What a script gives as metadata.
 * @throws Error in k6's words
 */
export function readMetadata(input: unknown): Metadata {
  if (input === undefined || input === null) return []
  if (goTypeName(input) !== 'map[string]interface {}') throw new Error('must be an object with key-value pairs')
  const out: string[] = []
  const given = input as Record<string, unknown>
  for (const key of Object.keys(given)) {
    const value = given[key]
    const name = key.toLowerCase()
    if (key.endsWith('-bin')) {
      if (!types.isUint8Array(value)) throw new Error(`"${key}" value must be binary`)
      out.push(
        name,
        Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64').replace(/=+$/, ''),
      )
    } else {
      if (typeof value !== 'string') throw new Error(`"${key}" value must be a string`)
      out.push(name, value)
    }
  }
  return out
}

/**
 * The metadata that may be sent: pseudo headers and those that gRPC sets itself are left out without a word, as in k6.
 * @throws BadMetadata
 */
export function sendable(metadata: Metadata): Metadata {
  if (metadata.length === 0) return metadata
  const out: string[] = []
  for (let i = 0; i < metadata.length; i += 2) {
    const [name, value] = [metadata[i]!, metadata[i + 1]!]
    if (name.startsWith(':')) continue
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw new BadMetadata(`header key ${JSON.stringify(name)} contains illegal characters not in [0-9a-z-_.]`)
    }
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw new BadMetadata(`header key ${JSON.stringify(name)} contains value with non-printable ASCII characters`)
    }
    if (!reserved.has(name)) out.push(name, value)
  }
  return out
}

const reserved = new Set([
  'content-type',
  'user-agent',
  'grpc-message-type',
  'grpc-encoding',
  'grpc-message',
  'grpc-status',
  'grpc-timeout',
  'te',
  // Connection headers, which HTTP/2 forbids.
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A block of header fields, taken apart. */
export interface Fields {
  httpStatus: string
  contentType: string | undefined
  encoding: string
  /** The value of `grpc-status`. */
  status: string | undefined
  message: string
  details: Buffer | undefined
  /** First header that cannot be read, in Go's words. */
  malformed: string
  /** Names and values in turn, for the script. */
  readonly metadata: string[]
}

export function readFields(raw: readonly string[]): Fields {
  const fields: Fields = {
    httpStatus: '',
    contentType: undefined,
    encoding: '',
    status: undefined,
    message: '',
    details: undefined,
    malformed: '',
    metadata: [],
  }
  for (let i = 0; i + 1 < raw.length; i += 2) readField(fields, raw[i]!, raw[i + 1]!)
  return fields
}

function readField(fields: Fields, name: string, value: string): void {
  switch (name) {
    case ':status':
      fields.httpStatus = value
      return
    case 'content-type':
      fields.contentType = value
      if (isGrpc(value)) fields.metadata.push(name, value)
      return
    case 'grpc-encoding':
      fields.encoding = value
      return
    case 'grpc-status':
      fields.status = value
      return
    case 'grpc-message':
      fields.message = decodeMessage(value)
      return
    default:
  }
  if (name.startsWith(':') || reserved.has(name)) return
  if (!name.endsWith('-bin')) {
    fields.metadata.push(name, value)
    return
  }
  const bytes = decodeBinary(value)
  if (bytes === undefined) {
    fields.malformed ||= `transport: malformed ${name}: illegal base64 data`
    return
  }
  if (name === 'grpc-status-details-bin') fields.details = bytes
  // To a script, a Go string: what is no UTF-8 in it becomes U+FFFD.
  fields.metadata.push(name, goText(bytes))
}

/** `application/grpc`, also with a subtype: `+proto`, `;charset=...`. */
export function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:$|[+;])/i.test(contentType)
}

function decodeBinary(value: string): Buffer | undefined {
  const bare = value.replace(/=+$/, '')
  if (!/^[A-Za-z0-9+/]*$/.test(bare) || bare.length % 4 === 1) return undefined
  return Buffer.from(bare, 'base64')
}

/** `grpc-message` is percent-encoded UTF-8; what is no good escape stays as it is. */
function decodeMessage(value: string): string {
  if (!value.includes('%')) return Buffer.from(value, 'latin1').toString('utf8')
  const bytes: number[] = []
  for (let i = 0; i < value.length; i++) {
    const hex = value[i] === '%' ? value.slice(i + 1, i + 3) : ''
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      i += 2
    } else bytes.push(value.charCodeAt(i) & 255)
  }
  return Buffer.from(bytes).toString('utf8')
}

/** `{ name: [value, ...] }` in the script's realm. */
export function metadataObject(realm: Realm, metadata: readonly string[]): Record<string, string[]> {
  const out = new realm.Object() as Record<string, string[]>
  for (let i = 0; i < metadata.length; i += 2) {
    const name = metadata[i]!
    if (name === '__proto__') continue
    const present = out[name]
    if (present === undefined || !Object.hasOwn(out, name)) out[name] = realmArray(realm, [metadata[i + 1]!])
    else present.push(metadata[i + 1]!)
  }
  return out
}
