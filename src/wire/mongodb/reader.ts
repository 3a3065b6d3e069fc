/**
 * MongoDB's OP_MSG. Answers name the question they belong to. Source: mongodb.com/docs/manual/reference/mongodb-wire-protocol
 */
import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { FrameCutter, type FrameForm } from '../frames.js'
import type { Opening, ReaderPorts, WireReader } from '../reader.js'
import { textOf } from '../statement.js'
import { type BsonValue, readBson } from './bson.js'
import { familyOfCommand, type MongoAnswer, readAnswer } from './command.js'

export function createMongodbReader(ports: ReaderPorts): WireReader {
  return new MongodbReader(ports)
}

const OP_MSG = 2013
const OP_COMPRESSED = 2012
const KEEP_BYTES = 262_144
const MAX_MESSAGE_BYTES = 48_000_000 + 16_384
const MAX_PENDING = 10_000

interface Pending {
  readonly command: Readonly<Record<string, BsonValue>>
  readonly startMs: number
}

const form: FrameForm = {
  headBytes: 16,
  bodyBytes(head) {
    const length = head.readInt32LE(0) - 16
    if (length < 0 || length > MAX_MESSAGE_BYTES) throw new Error('no message of MongoDB')
    return length
  },
  keepBytes: () => KEEP_BYTES,
}

class MongodbReader implements WireReader {
  readonly #ports: ReaderPorts
  readonly #fromClient: FrameCutter
  readonly #fromServer: FrameCutter
  readonly #pending = new Map<number, Pending>()
  #nowMs = 0
  #isFirst = true
  #isUnread = false

  constructor(ports: ReaderPorts) {
    this.#ports = ports
    this.#fromClient = new FrameCutter(form, { frame: (head, body) => this.#asked(head, body) })
    this.#fromServer = new FrameCutter(form, { frame: (head, body, bytes) => this.#answered(head, body, bytes) })
  }

  client(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (this.#isFirst && chunk[0] === 0x16 && chunk[1] === 0x03) {
      this.#isUnread = true
      this.#ports.unread('the target speaks TLS to MongoDB: PW_WIRE_TLS')
    }
    this.#isFirst = false
    if (!this.#isUnread) this.#fromClient.take(chunk)
    return undefined
  }

  server(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (!this.#isUnread) this.#fromServer.take(chunk)
    return undefined
  }

  #asked(head: Buffer, body: Buffer): void {
    const message = this.#messageOf(head.readInt32LE(12), body)
    if (message === undefined) return
    const command = commandOf(message)
    // With moreToCome nothing is answered.
    if (command === undefined || (message.readUInt32LE(0) & 2) !== 0) return
    if (this.#pending.size >= MAX_PENDING) this.#pending.clear()
    this.#pending.set(head.readInt32LE(4), { command, startMs: this.#nowMs })
  }

  #answered(head: Buffer, body: Buffer, bytes: number): void {
    const asked = this.#pending.get(head.readInt32LE(8))
    if (asked === undefined) return
    this.#pending.delete(head.readInt32LE(8))
    const message = this.#messageOf(head.readInt32LE(12), body)
    const answer: MongoAnswer = message === undefined ? { rows: 0, error: undefined } : readAnswer(message.subarray(5))
    const name = Object.keys(asked.command)[0] ?? ''
    if (housekeeping.test(name)) return
    const text = JSON.stringify(asked.command)
    this.#ports.tell({
      startMs: asked.startMs,
      endMs: this.#nowMs,
      text: textOf(Buffer.from(text)),
      family: familyOfCommand(asked.command),
      params: [],
      paramsHash: this.#ports.hash([text]),
      rows: answer.rows,
      bytes,
      // Without the cluster's time and the cursor's number, which differ in every answer.
      answerHash: createHash('sha1')
        .update(answer.content ?? '')
        .digest('hex')
        .slice(0, 16),
      error: answer.error,
      inTransaction: asked.command.startTransaction === true || asked.command.autocommit === false,
      traceparent: undefined,
    })
  }

  #messageOf(opcode: number, body: Buffer): Buffer | undefined {
    if (opcode === OP_MSG) return body
    if (opcode !== OP_COMPRESSED || body.length < 9) return undefined
    const [original, length, compressor] = [body.readInt32LE(0), body.readInt32LE(4), body[8]]
    if (original !== OP_MSG) return undefined
    if (compressor === 0) return body.subarray(9)
    if (compressor === 2 && length <= KEEP_BYTES && body.length < KEEP_BYTES)
      return inflateSync(body.subarray(9), { maxOutputLength: KEEP_BYTES })
    this.#ports.unread("messages are packed: set compressors=none in the target's URI")
    return undefined
  }
}

const housekeeping = /^(hello|isMaster|ismaster|ping|sasl\w+|endSessions|buildInfo|getParameter|connectionStatus)$/

/** Section of kind 0: the command; those of kind 1 hold its documents, as a list under their name. */
function commandOf(message: Buffer): Readonly<Record<string, BsonValue>> | undefined {
  let command: Record<string, BsonValue> | undefined
  const lists: Record<string, BsonValue> = {}
  for (let at = 4; at + 5 <= message.length; ) {
    const kind = message[at++]
    const size = message.readInt32LE(at)
    if (size < 5) break
    const section = message.subarray(at, at + size)
    if (kind === 0) command = readBson(section)
    else if (kind === 1) {
      const end = section.indexOf(0, 4)
      if (end > 0) lists[section.toString('utf8', 4, end)] = [readBson(section.subarray(end + 1))]
    } else break
    at += size
  }
  return command === undefined ? undefined : { ...command, ...lists }
}
