import { gunzipSync } from 'node:zlib'
import { unreadable } from '../errors.js'

/** A profile larger than this is more than a page can show and a heap can hold. */
export const maxBytes: number = 1 << 30

/** Unpacks gzip (pprof files are); a small file that unpacks to a huge one is refused. */
export function unpack(bytes: Uint8Array, where: string): Uint8Array {
  if (bytes.length > maxBytes) throw unreadable(where, `it is larger than ${maxBytes >> 20} MB.`)
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    throw unreadable(where, `its gzip data is broken (${(error as Error).message}).`)
  }
}
