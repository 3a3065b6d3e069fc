/**
 * zstd (RFC 8878): Node's own where it has it (22.15 and later), else fzstd for reading, and frames of raw and
 * run-length blocks for writing: valid zstd that any decoder reads, though hardly smaller than its input.
 */
import { createRequire } from 'node:module'
import zlib from 'node:zlib'

interface NativeZstd {
  zstdCompressSync?: (data: Buffer) => Buffer
  zstdDecompressSync?: (data: Buffer, options: { maxOutputLength: number }) => Buffer
}

const native = zlib as unknown as NativeZstd

export function zstdCompress(data: Buffer): Buffer {
  return native.zstdCompressSync === undefined ? zstdStore(data) : native.zstdCompressSync(data)
}

/**
 * @param limit  bytes
 * @returns undefined when more than `limit` bytes come out
 * @throws Error for bytes that are no zstd
 */
export function zstdDecompress(data: Buffer, limit: number): Buffer | undefined {
  if (native.zstdDecompressSync === undefined) return zstdDecompressPure(data, limit)
  try {
    return native.zstdDecompressSync(data, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw error
  }
}

/** As `zstdDecompress`, without Node's zstd. */
export function zstdDecompressPure(data: Buffer, limit: number): Buffer | undefined {
  // Loaded on use: few servers answer in zstd to a client that did not ask for it.
  const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof import('fzstd')
  // fzstd allocates the window that the frame asks for before it reads any data.
  if (windowBytes(data) > limit) return undefined
  const chunks: Uint8Array[] = []
  let total = 0
  let ended = false
  const stream = new Decompress((chunk, final) => {
    total += chunk.length
    if (total <= limit) chunks.push(chunk)
    ended ||= final === true
  })
  // In slices, so that a bomb is noticed before all of it is unpacked.
  const slice = 16 * 1024
  for (let at = 0; at < data.length; at += slice) {
    stream.push(data.subarray(at, at + slice), at + slice >= data.length)
    if (total > limit) return undefined
  }
  if (!ended) throw new Error('unexpected EOF')
  return Buffer.concat(chunks)
}

/** A frame of raw blocks, and run-length blocks where all bytes are equal. */
export function zstdStore(data: Buffer): Buffer {
  const blockSize = 128 * 1024
  const head = Buffer.alloc(4 + 1 + 8)
  head.writeUInt32LE(0xfd2fb528, 0)
  // Single segment, content size in 8 bytes, no checksum.
  head[4] = 0b1110_0000
  head.writeBigUInt64LE(BigInt(data.length), 5)
  const parts: Buffer[] = [head]
  for (let at = 0; at < data.length || at === 0; at += blockSize) {
    const block = data.subarray(at, at + blockSize)
    const last = at + blockSize >= data.length ? 1 : 0
    const equal = block.length > 1 && block.every((byte) => byte === block[0])
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | (equal ? 0b010 : 0) | last, 0, 3)
    parts.push(header, equal ? block.subarray(0, 1) : block)
    if (last === 1) break
  }
  return Buffer.concat(parts)
}

/** Bytes of history that the first frame asks for (RFC 8878, 3.1.1.1). */
function windowBytes(data: Buffer): number {
  if (data.length < 6 || data.readUInt32LE(0) !== 0xfd2fb528) return 0
  const descriptor = data[4] as number
  if ((descriptor & 0x20) === 0) {
    const byte = data[5] as number
    const base = 2 ** (10 + (byte >> 3))
    return base + (base / 8) * (byte & 7)
  }
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
  const sizeBytes = [1, 2, 4, 8][descriptor >> 6] as number
  const at = 5 + dictionaryBytes
  if (data.length < at + sizeBytes) return 0
  if (sizeBytes === 8) return Number(data.readBigUInt64LE(at))
  return data.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
}
