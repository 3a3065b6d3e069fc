/**
 * Reading and writing a plain socket below Node's streams. A request is one small write and an answer usually one read,
 * and of a socket's share in both, the stream machinery of `net.Socket` costs as much again as the system calls
 * (docs/performance.md). So the callback of the libuv handle is ours, and a write goes to the handle.
 *
 * This is no public interface of Node, though it has been the same from version 12 to 26: `directStreams` looks for
 * every piece, each socket is looked at again when it is adopted, and the first write on it is checked. Whatever is
 * missing, the socket goes on through its stream. `PW_SOCKETS=stream` in the environment asks for that from the start.
 */
import type { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'

/** The handle of a `net.Socket`, as far as it is used here. */
export interface DirectHandle {
  /** Called with `this` = the handle; the number of bytes, or the negative error, stands in the shared state. */
  onread: (this: DirectHandle, arrayBuffer: ArrayBuffer | undefined) => unknown
  readonly bytesWritten: number
  writeLatin1String(request: WriteRequest, text: string): number
  [reader]?: DirectReader
}

/** What gets the bytes of a handle. */
export interface DirectReader {
  onDirectBytes(count: number): void
}

/** libuv's write request; only used when the kernel did not take all at once. */
interface WriteRequest {
  oncomplete?: (status: number) => void
}

interface DirectStreams {
  readonly state: Int32Array
  readonly readCount: number
  readonly wasAsync: number
  readonly WriteRequest: new () => WriteRequest
}

/** Of this thread; undefined when this Node has no such thing. */
const streams: DirectStreams | undefined = findDirectStreams()

/**
 * Takes over the reading of a socket whose `onread` buffer the reader knows.
 * @returns  undefined when this socket must go on as a stream
 */
export function takeHandle(socket: Socket, newReader: DirectReader): DirectHandle | undefined {
  const handle = (socket as Socket & { _handle?: DirectHandle | null })._handle
  if (streams === undefined || handle === undefined || handle === null) return undefined
  if (typeof handle.writeLatin1String !== 'function' || typeof handle.onread !== 'function') return undefined
  if (typeof handle.bytesWritten !== 'number') return undefined
  streamRead ??= handle.onread
  // Another wrapper (a tracer's, a debugger's) has been here: leave it alone.
  if (handle.onread !== streamRead) return undefined
  handle[reader] = newReader
  handle.onread = directRead
  return handle
}

/**
 * @param later  called with 0 or libuv's error once what the kernel did not take at once is written
 * @returns  0 = written, 1 = `later` will be called, negative = libuv's error
 */
export function directWrite(handle: DirectHandle, text: string, later: (status: number) => void): number {
  const { state, wasAsync, WriteRequest } = streams as DirectStreams
  const request = (idleRequest ??= new WriteRequest())
  const error = handle.writeLatin1String(request, text)
  if (error !== 0) return error < 0 ? error : -error
  if (state[wasAsync] === 0) return 0
  idleRequest = undefined
  request.oncomplete = later
  return 1
}

/** libuv's error as `net.Socket` reports it. */
export function writeError(status: number): Error {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`write ${code}`), { errno: status, code, syscall: 'write' })
}

const reader: unique symbol = Symbol('reader')

/** Of Node's own; for what is not a plain read: the end, an error. */
let streamRead: DirectHandle['onread'] | undefined
/** A write that is done at once leaves its request unused. */
let idleRequest: WriteRequest | undefined

function directRead(this: DirectHandle, arrayBuffer: ArrayBuffer | undefined): unknown {
  const { state, readCount } = streams as DirectStreams
  const count = state[readCount] as number
  if (count > 0) return (this[reader] as DirectReader).onDirectBytes(count)
  return (streamRead as DirectHandle['onread']).call(this, arrayBuffer)
}

function findDirectStreams(): DirectStreams | undefined {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => Record<string, unknown> }
    const found = binding?.call(process, 'stream_wrap')
    const state = found?.['streamBaseState']
    const readCount = found?.['kReadBytesOrError']
    const wasAsync = found?.['kLastWriteWasAsync']
    const Request = found?.['WriteWrap']
    if (!(state instanceof Int32Array) || typeof Request !== 'function') return undefined
    if (typeof readCount !== 'number' || typeof wasAsync !== 'number') return undefined
    if (state[readCount] === undefined || state[wasAsync] === undefined) return undefined
    return { state, readCount, wasAsync, WriteRequest: Request as DirectStreams['WriteRequest'] }
  } catch {
    return undefined
  }
}
