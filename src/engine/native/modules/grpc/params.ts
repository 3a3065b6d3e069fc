/** Reads what a script hands to connect, invoke and Stream, with k6's words for what is wrong. */
import { types } from 'node:util'
import type { TagSet } from '#metrics/types.js'
import type { VuScope } from '../../types.js'
import { goTypeName } from '../encoding/go-values.js'
import { durationMs } from '../http/go-text.js'
import { type Metadata, readMetadata } from './metadata.js'

export interface CallParams {
  metadata: Metadata
  tags: TagSet
  /** 0 = none given. */
  timeoutMs: number
  discardResponseMessage: boolean
}

/** @throws Error in k6's words */
export function readCallParams(vu: VuScope, input: unknown): CallParams {
  const params: CallParams = { metadata: none, tags: vu.tags, timeoutMs: 0, discardResponseMessage: false }
  if (input === undefined || input === null) return params
  const given = Object(input) as Record<string, unknown>
  for (const key of Object.keys(given)) {
    const value = given[key]
    switch (key) {
      case 'metadata':
        params.metadata = prefixed('invalid metadata param: ', () => readMetadata(value))
        break
      case 'tags':
        params.tags = readTags(params.tags, value)
        break
      case 'timeout':
        params.timeoutMs = prefixed('invalid timeout value: ', () => durationMs(value))
        break
      case 'discardResponseMessage':
        params.discardResponseMessage = Boolean(value)
        break
      default:
        throw new Error(`unknown param: ${JSON.stringify(key)}`)
    }
  }
  return params
}

const none: Metadata = []

function readTags(base: TagSet, value: unknown): TagSet {
  let tags = base
  if (value === undefined || value === null) return tags
  const given = Object(value) as Record<string, unknown>
  for (const key of Object.keys(given)) {
    const tag = given[key]
    if (typeof tag !== 'string' && typeof tag !== 'number' && typeof tag !== 'boolean') {
      throw new Error(
        `metric tags: invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`,
      )
    }
    tags = tags.with(key, String(tag))
  }
  return tags
}

export interface ConnectParams {
  plaintext: boolean
  reflect: boolean
  reflectMetadata: Metadata
  timeoutMs: number
  /** Bytes; 0 = not given. */
  maxReceiveSize: number
  maxSendSize: number
  tls: TlsParams | undefined
  authority: string
}

export interface TlsParams {
  readonly cert: string
  readonly key: string
  readonly password: string
  readonly cacerts: readonly string[]
}

/** @throws Error in k6's words */
export function readConnectParams(input: unknown): ConnectParams {
  const params: ConnectParams = {
    plaintext: false,
    reflect: false,
    reflectMetadata: none,
    timeoutMs: 60_000,
    maxReceiveSize: 0,
    maxSendSize: 0,
    tls: undefined,
    authority: '',
  }
  if (input === undefined || input === null) return params
  const given = Object(input) as Record<string, unknown>
  for (const key of Object.keys(given)) {
    const value = given[key]
    switch (key) {
      case 'plaintext':
      case 'reflect':
        if (typeof value !== 'boolean') throw invalid(key, value, 'it needs to be boolean')
        params[key] = value
        break
      case 'timeout':
        params.timeoutMs = prefixed('invalid timeout value: ', () => durationMs(value))
        break
      case 'reflectMetadata':
        params.reflectMetadata = prefixed('invalid reflectMetadata param: ', () => readMetadata(value))
        break
      case 'maxReceiveSize':
      case 'maxSendSize':
        if (goTypeName(value) !== 'int64') throw invalid(key, value, 'it needs to be an integer')
        if ((value as number) < 0) {
          throw new Error(`invalid ${key} value: '${value as number}, it needs to be a positive integer`)
        }
        params[key] = value as number
        break
      case 'tls':
        params.tls = readTls(value)
        break
      case 'authority':
        if (typeof value !== 'string') throw invalid(key, value, 'it needs to be a string')
        params.authority = value
        break
      default:
        throw new Error(`unknown connect param: ${JSON.stringify(key)}`)
    }
  }
  return params
}

function readTls(value: unknown): TlsParams {
  if (goTypeName(value) !== 'map[string]interface {}') {
    throw invalid('tls', value, 'expected (optional) keys: cert, key, password, and cacerts')
  }
  const given = value as Record<string, unknown>
  const text = (key: string, needs: string): string => {
    const part = given[key]
    if (part === undefined && !(key in given)) return ''
    if (typeof part !== 'string') throw invalid(`tls ${key}`, value, needs)
    return part
  }
  const cert = text('cert', 'it needs to be a PEM formatted string')
  const key = text('key', 'it needs to be a PEM formatted string')
  const password = text('password', 'it needs to be a string')
  const cacerts = 'cacerts' in given ? given['cacerts'] : []
  const list: unknown[] = Array.isArray(cacerts) ? cacerts : [cacerts]
  if (!list.every((entry) => typeof entry === 'string')) {
    throw invalid('tls cacerts', value, 'it needs to be a string or an array of PEM formatted strings')
  }
  return { cert, key, password, cacerts: list }
}

function invalid(key: string, value: unknown, needs: string): Error {
  return new Error(`invalid ${key} value: '${goSyntax(value)}', ${needs}`)
}

/** A value as Go's `%#v` prints it. */
function goSyntax(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (types.isUint8Array(value)) return `[]byte{${Array.from(value, (byte) => `0x${byte.toString(16)}`).join(', ')}}`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[string]interface {}{${entries.map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item)}`).join(', ')}}`
}

function prefixed<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(prefix + (error as Error).message, { cause: error })
  }
}
