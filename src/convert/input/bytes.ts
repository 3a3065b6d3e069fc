/** The bytes of an input as text: unpacked, decoded, within bounds. */
import { gunzipSync } from 'node:zlib'
import { tooLarge } from '../errors.js'

/** V8 holds half a gigabyte in one string; what is read from it takes several times as much. */
export const MAX_INPUT_BYTES: number = 256 * 1024 * 1024

export interface InputText {
  readonly text: string
  /** Bytes that are no UTF-8 were there and have become U+FFFD. */
  readonly damaged: boolean
}

/**
 * @param name  the input's name, for messages
 * @throws PW_CONVERT_TOO_LARGE
 */
export function inputText(bytes: Uint8Array, name: string): InputText {
  const plain = isGzip(bytes) ? unpack(bytes, name) : bytes
  if (plain.length > MAX_INPUT_BYTES) throw sizeError(name)
  if (plain[0] === 0xff && plain[1] === 0xfe) return { text: new TextDecoder('utf-16le').decode(plain), damaged: false }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(plain), damaged: false }
  } catch {
    return { text: new TextDecoder('utf-8').decode(plain), damaged: true }
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Unpacked, or undefined when the bytes are broken or unpack to more than `limit`. */
export function tryGunzip(bytes: Uint8Array, limit: number): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit })
  } catch {
    return undefined
  }
}

/** Text when the bytes are UTF-8 without control characters that text does not have. */
export function tryText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

/** encodeURIComponent for any text: what is no character becomes U+FFFD instead of an exception. */
export function encodeText(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))
}

/** decodeURIComponent, or the text itself where it is not encoded right. */
export function decodeText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function unpack(bytes: Uint8Array, name: string): Buffer {
  const plain = tryGunzip(bytes, MAX_INPUT_BYTES)
  if (plain === undefined) throw sizeError(`${name}, unpacked`)
  return plain
}

function sizeError(name: string): Error {
  return tooLarge(
    `The input is larger than ${MAX_INPUT_BYTES / 2 ** 20} MiB, or its compression is broken.`,
    name,
    'cut it: record a shorter session, or leave the contents of answers out of the recording',
  )
}
