/** A line of a file, without its newline. */
export interface FileLine {
  /** Where it begins, in bytes. */
  readonly at: number
  /** Undefined when it was too long to be read. */
  readonly bytes: Buffer | undefined
  /** False for what stands behind the last newline. */
  readonly ended: boolean
}

/** A line may be this long: a second of a hundred thousand series. */
export const MAX_LINE_BYTES: number = 64 << 20

/** Cuts a file into lines in bounded memory. Empty lines are left out. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<FileLine> {
  let parts: Buffer[] = []
  let length = 0
  let at = 0
  const line = (ended: boolean): FileLine => ({
    at,
    bytes: length > maxBytes ? undefined : Buffer.concat(parts),
    ended,
  })
  for await (const raw of pieces) {
    let piece = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    for (;;) {
      const end = piece.indexOf(0x0a)
      const part = end < 0 ? piece : piece.subarray(0, end)
      length += part.length
      if (length <= maxBytes) parts.push(part)
      else parts = []
      if (end < 0) break
      if (length > 0) yield line(true)
      at += length + 1
      parts = []
      length = 0
      piece = piece.subarray(end + 1)
    }
  }
  if (length > 0) yield line(false)
}

/** The whole of a file, or undefined when it is longer than allowed. */
export async function wholeFile(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    length += piece.length
    if (length > maxBytes) return undefined
    parts.push(piece)
  }
  return Buffer.concat(parts)
}
