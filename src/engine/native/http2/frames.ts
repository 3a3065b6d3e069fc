/** Frames as they stand on the wire (RFC 9113, sections 4 and 6); one character a byte where they are text. */

export const frame = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
export const headBytes = 9
/** Of the peer's frames; we never ask for more than the least (RFC 9113, 4.2). */
export const maxFrameBytes = 16_384
export const maxWindow: number = 2 ** 31 - 1

export function frameHead(length: number, type: number, flags: number, id: number): string {
  return String.fromCharCode((length >> 16) & 255, (length >> 8) & 255, length & 255, type, flags) + uint32(id)
}

export function uint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): string {
  let payload = ''
  for (const [id, value] of settings) payload += String.fromCharCode(0, id) + uint32(value)
  return frameHead(payload.length, frame.settings, 0, 0) + payload
}

export function windowUpdateFrame(id: number, bytes: number): string {
  return frameHead(4, frame.windowUpdate, 0, id) + uint32(bytes)
}

export function resetFrame(id: number, errorCode: number): string {
  return frameHead(4, frame.rstStream, 0, id) + uint32(errorCode)
}

export function goawayFrame(lastStreamId: number, errorCode: number): string {
  return frameHead(8, frame.goaway, 0, 0) + uint32(lastStreamId) + uint32(errorCode)
}

/** A header block in a HEADERS frame and as many CONTINUATION frames as it needs. */
export function headersFrames(id: number, block: string, end: boolean, maxBytes: number): string {
  const flags = end ? flag.endStream : 0
  if (block.length <= maxBytes) return frameHead(block.length, frame.headers, flags | flag.endHeaders, id) + block
  let out = frameHead(maxBytes, frame.headers, flags, id) + block.slice(0, maxBytes)
  for (let at = maxBytes; at < block.length; at += maxBytes) {
    const part = block.slice(at, at + maxBytes)
    const last = at + maxBytes >= block.length
    out += frameHead(part.length, frame.continuation, last ? flag.endHeaders : 0, id) + part
  }
  return out
}
