/** Names and parameters of algorithms as k6's WebCrypto accepts them. Order and words of the refusals are k6's. */
import { types } from 'node:util'

/** A refusal in WebCrypto's terms; the script gets an object with its name and message. */
export class CryptoRefusal extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export type Operation =
  | 'digest'
  | 'generateKey'
  | 'exportKey'
  | 'importKey'
  | 'encrypt'
  | 'decrypt'
  | 'sign'
  | 'verify'
  | 'deriveBits'
  | 'deriveKey'
  | 'getKeyLength'

const hashes = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']
const aes = ['AES-CBC', 'AES-CTR', 'AES-GCM', 'AES-KW']
const rsa = ['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP']
const curves = ['ECDH', 'ECDSA']
const registered: Readonly<Record<Operation, ReadonlySet<string>>> = {
  digest: new Set(hashes),
  generateKey: new Set([...aes, ...hashes, 'HMAC', ...curves, ...rsa]),
  exportKey: new Set([...aes, 'HMAC', ...curves, ...rsa, 'PBKDF2']),
  importKey: new Set([...aes, 'HMAC', ...curves, ...rsa, 'PBKDF2']),
  encrypt: new Set([...aes, 'RSA-OAEP']),
  decrypt: new Set([...aes, 'RSA-OAEP']),
  sign: new Set(['HMAC', 'ECDSA', 'RSA-PSS', 'RSASSA-PKCS1-v1_5']),
  verify: new Set(['HMAC', 'ECDSA', 'RSA-PSS', 'RSASSA-PKCS1-v1_5']),
  deriveBits: new Set([...hashes, 'PBKDF2', 'ECDH']),
  deriveKey: new Set([...hashes, 'PBKDF2']),
  getKeyLength: new Set(aes),
}

export const isAes = (name: string): boolean => aes.includes(name)
export const isRsa = (name: string): boolean => rsa.includes(name)
export const isCurve = (name: string): boolean => curves.includes(name)

/** @returns the algorithm's name in its own spelling */
export function algorithmName(value: unknown, operation: Operation): string {
  if (value === undefined || value === null || (typeof value !== 'string' && typeof value !== 'object')) {
    throw new CryptoRefusal('SyntaxError', 'algorithm cannot be interpreted as a string or an object')
  }
  const given = typeof value === 'string' ? value : (value as { name?: unknown }).name
  const upper = String(given ?? '').toUpperCase()
  const name = upper === 'RSASSA-PKCS1-V1_5' ? 'RSASSA-PKCS1-v1_5' : upper
  if (registered[operation].has(name)) return name
  throw new CryptoRefusal(
    'NotSupportedError',
    `algorithm "${name}" doesn't support (in implementation) operation "${operation}"`,
  )
}

/** A member of an algorithm's parameters that must be there. */
export function parameter(value: unknown, name: string): unknown {
  const found = (value as Record<string, unknown> | undefined | null)?.[name]
  if (found === undefined || found === null) throw new CryptoRefusal('TypeError', `field ${name} is null or undefined`)
  return found
}

export function requiredParameter(value: unknown, name: string): unknown {
  try {
    return parameter(value, name)
  } catch {
    throw new CryptoRefusal('SyntaxError', `could not get ${name} from algorithm parameter`)
  }
}

export function hashParameter(value: unknown, operation: Operation): string {
  return algorithmName(requiredParameter(value, 'hash'), operation)
}

/** node:crypto's name of a hash. */
export function nodeHash(name: string): string {
  return name.replace('-', '').toLowerCase()
}

/**
 * A copy of the bytes that a script hands over.
 * Of a view k6 takes the whole buffer behind it, and a DataView it does not take at all.
 */
export function dataBytes(value: unknown): Buffer {
  if (value === undefined || value === null) throw new CryptoRefusal('TypeError', 'data is null or undefined')
  if (types.isTypedArray(value)) return Buffer.from(new Uint8Array(value.buffer as ArrayBuffer))
  if (types.isAnyArrayBuffer(value)) return Buffer.from(new Uint8Array(value as ArrayBuffer))
  throw new CryptoRefusal('OperationError', 'data is neither an ArrayBuffer, nor a TypedArray nor DataView')
}

/** Bytes of a parameter (iv, counter, label, salt): of a view only what it shows; empty when missing. */
export function parameterBytes(value: unknown): Buffer {
  if (ArrayBuffer.isView(value))
    return Buffer.from(new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength))
  if (types.isAnyArrayBuffer(value)) return Buffer.from(new Uint8Array(value as ArrayBuffer))
  return typeof value === 'string'
    ? Buffer.from(value)
    : Array.isArray(value)
      ? Buffer.from(value as number[])
      : Buffer.alloc(0)
}
