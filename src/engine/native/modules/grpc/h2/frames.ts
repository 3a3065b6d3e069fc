/** HTTP/2's frames (RFC 9113, section 6), as far as a client meets them. */

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const ErrorCode = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const

export const headBytes = 9
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** Writes a frame's head at `pos`; answers where its payload begins. */
export function writeHead(
  out: Buffer,
  pos: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  out[pos] = length >>> 16
  out[pos + 1] = (length >>> 8) & 255
  out[pos + 2] = length & 255
  out[pos + 3] = type
  out[pos + 4] = flags
  out[pos + 5] = streamId >>> 24
  out[pos + 6] = (streamId >>> 16) & 255
  out[pos + 7] = (streamId >>> 8) & 255
  out[pos + 8] = streamId & 255
  return pos + headBytes
}

/** A frame with a payload of numbers of 32 bits. */
export function smallFrame(type: number, flags: number, streamId: number, ...words: number[]): Buffer {
  const out = Buffer.allocUnsafe(headBytes + words.length * 4)
  let pos = writeHead(out, 0, words.length * 4, type, flags, streamId)
  for (const word of words) pos = out.writeUInt32BE(word >>> 0, pos)
  return out
}

/** A SETTINGS frame. */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const out = Buffer.allocUnsafe(headBytes + settings.length * 6)
  let pos = writeHead(out, 0, settings.length * 6, FrameType.settings, 0, 0)
  for (const [id, value] of settings) {
    pos = out.writeUInt16BE(id, pos)
    pos = out.writeUInt32BE(value, pos)
  }
  return out
}
