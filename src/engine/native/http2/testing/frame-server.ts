/** A server that says exactly what a test wants, frame by frame, to a client that speaks HTTP/2 without asking. */
import * as net from 'node:net'
import { type Client, client } from '../../http1/testing/servers.js'
import { flag, frame, frameHead, settingsFrame } from '../frames.js'

export interface Peer {
  readonly socket: net.Socket
  send(...frames: readonly string[]): void
}

export interface Received {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export interface FrameServer {
  readonly url: string
  readonly received: Received[]
  readonly sockets: net.Socket[]
  /** A client of `k6/http`'s transport that asks this server in HTTP/2. */
  readonly client: Client
  close(): void
}

export const hello: string = settingsFrame([])
/** `:status: 200`, nothing else. */
export const ok200 = '\x88'

export function framed(type: number, flags: number, id: number, payload = ''): string {
  return frameHead(payload.length, type, flags, id) + payload
}

export function headers(id: number, block: string, end: boolean): string {
  return framed(frame.headers, flag.endHeaders | (end ? flag.endStream : 0), id, block)
}

/** @param answer  called for each frame of the client, after our SETTINGS have gone out */
export async function frameServer(
  answer: (peer: Peer, received: Received, connection: number) => void,
  options: { readonly greeting?: string } = {},
): Promise<FrameServer> {
  const received: Received[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    const connection = sockets.push(socket) - 1
    const peer: Peer = { socket, send: (...frames) => socket.write(frames.join(''), 'latin1') }
    let bytes = Buffer.alloc(0)
    let greeted = false
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      if (!greeted) {
        if (bytes.length < 24) return
        greeted = true
        bytes = bytes.subarray(24)
        peer.send(options.greeting ?? hello)
      }
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const end = 9 + bytes.readUIntBE(0, 3)
        const one = {
          type: bytes[3] as number,
          flags: bytes[4] as number,
          id: bytes.readUInt32BE(5),
          payload: Buffer.from(bytes.subarray(9, end)),
        }
        received.push(one)
        bytes = bytes.subarray(end)
        answer(peer, one, connection)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const us = client({}, { PW_H2C: `127.0.0.1:${port}` })
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    sockets,
    client: us,
    close: () => {
      us.close()
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
