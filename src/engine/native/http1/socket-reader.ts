/**
 * Who reads a socket that the dialer has opened. One buffer and one set of listeners serve all sockets of a worker:
 * listeners of their own would be closures of their own, four for each connection.
 */
import type { Socket } from 'node:net'

/** What a socket tells its reader, after TLS was taken off. */
export interface SocketReader {
  /** `buf` is valid until this returns. */
  onBytes(buf: Buffer, count: number): void
  /** The peer has closed; may come twice. */
  onEof(): void
  onSocketError(error: Error): void
}

/** The `onread` of every plain socket: one buffer for all, because it is used up before the next read. */
export const sharedRead: { readonly buffer: Buffer; callback(this: unknown, count: number, buf: Uint8Array): boolean } =
  {
    buffer: Buffer.allocUnsafeSlow(65_536),
    callback(count, buf) {
      const reader = (this as OwnedSocket)[owner]
      if (reader !== undefined) reader.onBytes(buf as Buffer, count)
      return true
    },
  }

/** The same memory, four bytes at a time. */
export const sharedWords: Int32Array = new Int32Array(sharedRead.buffer.buffer)

/** Gives an opened socket to its reader; the arguments are those of `DialEvents.opened`. */
export function adopt(socket: Socket, raw: Socket, reader: SocketReader, tunnelled = false): void {
  ;(socket as OwnedSocket)[owner] = reader
  if (socket !== raw) raw.on('error', onRawError)
  if (socket !== raw || tunnelled) socket.on('data', onData)
  socket.on('error', onError)
  socket.on('end', onEnd)
  socket.on('close', onEnd)
  // The CONNECT has paused it.
  if (tunnelled) socket.resume()
}

export function isAdopted(socket: Socket): boolean {
  return (socket as OwnedSocket)[owner] !== undefined
}

const owner: unique symbol = Symbol('reader')

interface OwnedSocket extends Socket {
  [owner]?: SocketReader
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.onBytes(chunk, chunk.length)
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.onEof()
}

function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.onSocketError(error)
}

/** The TLS socket reports it, too. */
function onRawError(): void {}
