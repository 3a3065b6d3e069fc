/**
 * Builds WebSocket frames as a client must send them: masked (RFC 6455, 5.2 and 5.3), one frame a message. One scratch
 * buffer for the whole worker: a frame is made in place and copied once, into the string or buffer that is written.
 */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export type Opcode = (typeof opcodes)[keyof typeof opcodes]

/** What a socket takes: a string of bytes (latin1) for small frames, which Node writes without keeping memory, else a buffer. */
export type WireFrame = string | Buffer

/** A frame that carries `text` as UTF-8. */
export function textFrame(text: string): WireFrame {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (text.length * 3 > scratchBytes) return bigFrame(opcodes.text, Buffer.from(text, 'utf8'), false)
  return finish(opcodes.text, scratch.utf8Write(text, payloadAt), false)
}

/** @param compressed  sets RSV1 (RFC 7692, 6) */
export function bytesFrame(opcode: Opcode, payload: Uint8Array, compressed = false): WireFrame {
  if (payload.length > scratchBytes) return bigFrame(opcode, payload, compressed)
  scratch.set(payload, payloadAt)
  return finish(opcode, payload.length, compressed)
}

/** Payload of a close frame; empty when `code` is one that never goes on the wire (RFC 6455, 7.4.1). */
export function closePayload(code: number, reason: string): Buffer {
  if (code === 1005) return Buffer.alloc(0)
  const text = Buffer.from(reason, 'utf8')
  // A control frame takes 125 bytes.
  const payload = Buffer.allocUnsafe(2 + Math.min(text.length, 123))
  payload.writeUInt16BE(code & 0xffff, 0)
  text.copy(payload, 2)
  return payload
}

/** `utf8Write` and `latin1Slice` as methods of their own: in Node since version 0.5, absent from its types. */
interface RawBuffer extends Buffer {
  utf8Write(text: string, offset: number): number
  latin1Slice(start: number, end: number): string
}

// The payload stands on a multiple of four and the mask right before it, so that masking goes by words.
const payloadAt = 16
const maskAt = 12
const scratchBytes = 16_384
const scratch = Buffer.allocUnsafeSlow(payloadAt + scratchBytes) as RawBuffer
const words = new Int32Array(scratch.buffer)

function finish(opcode: Opcode, length: number, compressed: boolean): string {
  const mask = randomMask()
  const last = (payloadAt + length + 3) >> 2
  words[maskAt >> 2] = mask
  for (let i = payloadAt >> 2; i < last; i++) words[i] = (words[i] as number) ^ mask
  const start = maskAt - (length < 126 ? 2 : 4)
  writeHead(scratch, start, opcode, length, compressed)
  return scratch.latin1Slice(start, payloadAt + length)
}

function bigFrame(opcode: Opcode, payload: Uint8Array, compressed: boolean): Buffer {
  const { length } = payload
  const headBytes = (length < 65_536 ? 4 : 10) + 4
  const frame = Buffer.allocUnsafe(headBytes + length)
  writeHead(frame, 0, opcode, length, compressed)
  const key = randomMask()
  frame.writeInt32LE(key, headBytes - 4)
  for (let i = 0; i < length; i++) frame[headBytes + i] = (payload[i] as number) ^ (key >> ((i & 3) << 3))
  return frame
}

/** Everything before the mask. */
function writeHead(into: Buffer, start: number, opcode: Opcode, length: number, compressed: boolean): void {
  into[start] = 0x80 | (compressed ? 0x40 : 0) | opcode
  if (length < 126) into[start + 1] = 0x80 | length
  else if (length < 65_536) {
    into[start + 1] = 0x80 | 126
    into.writeUInt16BE(length, start + 2)
  } else {
    into[start + 1] = 0x80 | 127
    into.writeBigUInt64BE(BigInt(length), start + 2)
  }
}

// RFC 6455, 10.3, wants keys that a page's script cannot foresee, to protect proxies from the page. A load test's
// messages are its own; k6 takes these keys from an ordinary generator, too.
function randomMask(): number {
  return (Math.random() * 0x1_0000_0000) | 0
}
