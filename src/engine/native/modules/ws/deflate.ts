/** permessage-deflate without context takeover (RFC 7692), the only form that k6 agrees to. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { maxMessageBytes } from './frame-parser.js'

/** What the client offers, in k6's words. */
export const deflateOffer = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

/** The payload of a compressed message. Level 1, as k6: speed before size. */
export function deflateMessage(message: Uint8Array): Buffer {
  const packed = deflateRawSync(message, { level: 1, finishFlush: constants.Z_SYNC_FLUSH })
  // RFC 7692, 7.2.1: the four bytes of the empty block at the end stay away.
  return packed.subarray(0, packed.length - 4)
}

/** @returns the message; undefined when it is no deflate data, or unpacks to more than a message may have */
export function inflateMessage(payload: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(Buffer.concat([payload, tail]), {
      maxOutputLength: maxMessageBytes,
      finishFlush: constants.Z_SYNC_FLUSH,
    })
  } catch {
    return undefined
  }
}

const tail = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** Whether the server's `Sec-WebSocket-Extensions` agree to deflate; `invalid` when in a form that was not offered. */
export function agreedDeflate(extensions: readonly string[]): 'no' | 'yes' | 'invalid' {
  for (const extension of extensions.flatMap((line) => line.split(','))) {
    const [name, ...parameters] = extension.split(';').map((part) => (part.split('=', 1)[0] as string).trim())
    if (name !== 'permessage-deflate') continue
    const both = parameters.includes('server_no_context_takeover') && parameters.includes('client_no_context_takeover')
    return both ? 'yes' : 'invalid'
  }
  return 'no'
}
