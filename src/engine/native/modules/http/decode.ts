/**
 * Content codings of answers (gzip, deflate, br, zstd, stacked) and of request bodies. A server may send what unpacks to
 * gigabytes, so every stage stops at a bound and the request becomes an error sample, never memory.
 */
import zlib from 'node:zlib'
import { zstdCompress, zstdDecompress } from './zstd.js'

export interface Decoded {
  /** null where k6 shows none: the coding's header could not be read. */
  readonly body: Buffer | null
  /** k6's code and words; 0 when all is well. */
  readonly errorCode: number
  /** As the log and a thrown error say it. */
  readonly error: string
  /** As `res.error` and the tag `error` say it: k6 wraps what it knows as a decompression error once more. */
  readonly shown: string
}

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'
export const codings: readonly Coding[] = ['gzip', 'deflate', 'zstd', 'br']

export function isCoding(text: string): text is Coding {
  return (codings as readonly string[]).includes(text)
}

/** No answer is unpacked to more than this. */
export const maxDecodedBytes: number = 256 * 1024 * 1024
/** gzip cannot exceed 1032 : 1; what grows more than this past 16 MB is a bomb. */
const maxRatio = 2000
const freeBytes = 16 * 1024 * 1024

/** Unpacks `body` by its Content-Encoding value(s), joined with commas. Unknown codings are passed over, as k6 does. */
export function decodeBody(body: Buffer, contentEncoding: string): Decoded {
  let bytes = body
  let failure: Decoded | undefined
  const names = contentEncoding.split(',')
  const limit = Math.min(maxDecodedBytes, Math.max(freeBytes, body.length * maxRatio))
  for (let i = names.length - 1; i >= 0; i--) {
    // k6 knows the names in lower case only.
    const name = (names[i] as string).trim()
    if (!isCoding(name)) continue
    const stage = unpack(name, bytes, limit)
    if (failure === undefined && stage.errorCode !== 0) failure = stage
    if (stage.body === null) return failure as Decoded
    bytes = stage.body
  }
  // What did come out before the error still goes through the other codings, as through Go's stacked readers.
  return failure === undefined ? { body: bytes, errorCode: 0, error: '', shown: '' } : { ...failure, body: bytes }
}

/** Packs a request body with each coding in turn. */
export function encodeWith(wanted: readonly Coding[], body: Buffer): Buffer {
  let bytes = body
  for (const coding of wanted) {
    if (coding === 'gzip') bytes = zlib.gzipSync(bytes)
    else if (coding === 'deflate') bytes = zlib.deflateSync(bytes)
    // Quality 6 is what Go's writer uses by default; Node's own default of 11 costs a hundred times the processor.
    else if (coding === 'br') {
      bytes = zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 6 } })
    } else bytes = zstdCompress(bytes)
  }
  return bytes
}

function unpack(coding: Coding, bytes: Buffer, limit: number): Decoded {
  if (coding === 'zstd') return unpackZstd(bytes, limit)
  if (bytes.length === 0) {
    if (coding === 'gzip') return failed(null, 'EOF', 'header')
    return coding === 'deflate' ? failed(null, 'unexpected EOF', 'header') : cut(Buffer.alloc(0))
  }
  try {
    return { body: run(coding, bytes, limit, false), errorCode: 0, error: '', shown: '' }
  } catch (error) {
    return explain(coding, bytes, limit, error as NodeJS.ErrnoException)
  }
}

function run(coding: 'gzip' | 'deflate' | 'br', bytes: Buffer, limit: number, partial: boolean): Buffer {
  if (coding === 'br') {
    const flush = zlib.constants.BROTLI_OPERATION_FLUSH
    return zlib.brotliDecompressSync(bytes, { maxOutputLength: limit, ...(partial ? { finishFlush: flush } : {}) })
  }
  const options = { maxOutputLength: limit, ...(partial ? { finishFlush: zlib.constants.Z_SYNC_FLUSH } : {}) }
  return coding === 'gzip' ? zlib.gunzipSync(bytes, options) : zlib.inflateSync(bytes, options)
}

function explain(
  coding: 'gzip' | 'deflate' | 'br',
  bytes: Buffer,
  limit: number,
  error: NodeJS.ErrnoException,
): Decoded {
  if (error.code === 'ERR_BUFFER_TOO_LARGE') return bomb(limit)
  const goName = coding === 'deflate' ? 'zlib' : coding
  if (error.code === 'Z_BUF_ERROR') {
    if (coding === 'gzip' && bytes.length < 10) return failed(null, 'unexpected EOF', 'header')
    let partial = Buffer.alloc(0) as Buffer
    try {
      partial = run(coding, bytes, limit, true)
    } catch {
      // Nothing came out before the end.
    }
    return cut(partial)
  }
  if (coding === 'br') {
    const reason = (error.code ?? 'CORRUPT').replace(/^ERR_+ERROR_(FORMAT_)?/, '')
    return failed(Buffer.alloc(0), `brotli: ${reason}`, 'brotli')
  }
  if (/header check|unknown compression method|invalid window size|header crc/.test(error.message)) {
    return failed(null, `${goName}: invalid header`, 'known')
  }
  if (/incorrect (data|length) check/.test(error.message)) {
    return failed(Buffer.alloc(0), `${goName}: invalid checksum`, 'known')
  }
  const text = `flate: corrupt input (${error.message})`
  return { body: Buffer.alloc(0), errorCode: 1000, error: text, shown: text }
}

function unpackZstd(bytes: Buffer, limit: number): Decoded {
  if (bytes.length === 0) return { body: bytes, errorCode: 0, error: '', shown: '' }
  if (bytes.length < 4 || !isZstdMagic(bytes)) {
    return failed(Buffer.alloc(0), 'invalid input: magic number mismatch', 'known')
  }
  try {
    const body = zstdDecompress(bytes, limit)
    return body === undefined ? bomb(limit) : { body, errorCode: 0, error: '', shown: '' }
  } catch (error) {
    const text = (error as Error).message
    return /unexpected EOF|end of file|buffer error/i.test(text)
      ? cut(Buffer.alloc(0))
      : failed(Buffer.alloc(0), text, 'known')
  }
}

function isZstdMagic(bytes: Buffer): boolean {
  const magic = bytes.readUInt32LE(0)
  return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f)
}

function cut(body: Buffer): Decoded {
  return { body, errorCode: 1000, error: 'unexpected EOF', shown: 'unexpected EOF' }
}

function bomb(limit: number): Decoded {
  return failed(null, `the body unpacks to more than ${Math.round(limit / 1024 / 1024)} MB`, 'header')
}

function failed(body: Buffer | null, reason: string, kind: 'known' | 'header' | 'brotli'): Decoded {
  const error = `error decompressing response body (${reason})`
  return {
    body,
    errorCode: 1701,
    error,
    shown: kind === 'known' ? `error decompressing response body (${error})` : error,
  }
}
