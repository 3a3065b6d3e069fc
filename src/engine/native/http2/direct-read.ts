/**
 * Reading a TLS socket below its stream, as http1/direct-socket.ts does with a plain one: what TLS has decrypted lands in
 * one buffer for all sockets, instead of a buffer of its own for each read.
 */
import type { Socket } from 'node:net'
import { type DirectReader, takeHandle } from '../http1/direct-socket.js'
import { sharedRead } from '../http1/socket-reader.js'

/** The socket goes on as a stream when this Node has no such thing. `reader` then finds the bytes in `sharedRead`. */
export function readDirectly(socket: Socket, reader: DirectReader): void {
  const handle = (socket as Socket & { _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null })._handle
  if (typeof handle?.useUserBuffer !== 'function') return
  if (takeHandle(socket, reader) !== undefined) handle.useUserBuffer(sharedRead.buffer)
}
