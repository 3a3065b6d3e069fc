/**
 * MongoDB's wire protocol (OP_MSG, and OP_QUERY of the first handshake) with a given answer for each command: the driver
 * is the real one, the server behind is not. Source: mongodb.com/docs/manual/reference/mongodb-wire-protocol.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { BSON, type Document } from 'mongodb'

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

export interface WireServer {
  readonly url: string
  /** Commands as they came, without those of the handshake. */
  readonly commands: Document[]
  stop(): Promise<void>
}

/** @param answer  the reply to a command, without `ok: 1`; undefined: the command is unknown */
export async function startWireServer(answer: (command: Document) => Document | undefined): Promise<WireServer> {
  const commands: Document[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let buffered: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      while (buffered.length >= 16 && buffered.length >= buffered.readInt32LE(0)) {
        const message = buffered.subarray(0, buffered.readInt32LE(0))
        buffered = buffered.subarray(message.length)
        serve(socket, message)
      }
    })
  })
  function serve(socket: Socket, message: Buffer): void {
    const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)]
    if (code === OP_QUERY) {
      // Flags, name of the collection, numbers to skip and to return, then the document.
      const from = message.indexOf(0, 20) + 1 + 8
      socket.write(
        reply(id, OP_REPLY, Buffer.alloc(20, 0).fill(1, 16, 17), reactTo(BSON.deserialize(message.subarray(from)))),
      )
    } else if (code === OP_MSG) {
      // Flags, kind of section 0, the document.
      const flags = message.readInt32LE(16)
      const document = BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)))
      // "More to come": the monitor's way of listening; nothing is answered to what wants no answer.
      if ((flags & 2) === 0) socket.write(reply(id, OP_MSG, Buffer.alloc(5), reactTo(document)))
    }
  }
  function reactTo(command: Document): Document {
    if (command['hello'] !== undefined || command['isMaster'] !== undefined || command['ismaster'] !== undefined)
      return hello
    if (command['endSessions'] !== undefined) return { ok: 1 }
    commands.push(command)
    const found = answer(command)
    return found === undefined
      ? { ok: 0, errmsg: `no such command: '${Object.keys(command)[0]}'`, code: 59, codeName: 'CommandNotFound' }
      : { ok: 1, ...found }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/shop`,
    commands,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

const hello = {
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16777216,
  maxMessageSizeBytes: 48000000,
  maxWriteBatchSize: 100000,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
  ok: 1,
}

function reply(to: number, code: number, head: Buffer, document: Document): Buffer {
  const body = BSON.serialize(document)
  const start = Buffer.alloc(16)
  start.writeInt32LE(16 + head.length + body.length, 0)
  start.writeInt32LE(to, 8)
  start.writeInt32LE(code, 12)
  return Buffer.concat([start, head, body])
}
