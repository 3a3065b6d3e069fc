/**
 * Malformed gRPC answers: HTTP/2 frames, header blocks, message frames and protobuf, valid ones spoiled in one or more
 * places and cut anywhere. Two judges: every call ends exactly once with a status of gRPC's, and the same bytes in one
 * piece end it with the same one.
 */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { systemClock } from '#base/clock.js'
import { type Random, seededRandom } from '#base/random.js'
import { flag, frame as kind, frameHead as headOf, settingsFrame } from '#engine/native/http2/frames.js'
import { sharedRead } from '#engine/native/http1/socket-reader.js'
import { HpackEncoder } from '#engine/native/http2/hpack-encoder.js'
import { Call, frameHead } from '#engine/native/modules/grpc/call.js'
import type { Channel } from '#engine/native/modules/grpc/channel.js'
import { decodeReply, realmObjects, Undecodable } from '#engine/native/modules/grpc/reply.js'
import { schemaOfProtos } from '#engine/native/modules/grpc/schema/from-proto.js'
import { CallSession } from '#engine/native/modules/grpc/session.js'
import type { Status } from '#engine/native/modules/grpc/status.js'
import { createRealm } from '#engine/native/realm.js'
import type { Fuzz } from './protocol.js'

const schema = schemaOfProtos(
  ['m'],
  (name) =>
    name === 'm'
      ? `syntax = "proto3"; import "google/protobuf/struct.proto"; import "google/protobuf/any.proto";
         import "google/protobuf/timestamp.proto";
         message M { int64 a = 1; string b = 2; repeated sint32 c = 3; map<string, M> d = 4; M e = 5; bytes f = 6;
           oneof o { double g = 7; bool h = 8; } google.protobuf.Struct i = 9; google.protobuf.Any j = 10;
           google.protobuf.Timestamp k = 11; repeated M l = 12; fixed64 m = 13; float n = 14; }`
      : undefined,
  (name) => name,
)
const type = schema.messages.get('M')!
const realm = createRealm()

export const fuzz: Fuzz = async ({ count, seed, progress }) => {
  const random = seededRandom(seed)
  const outcomes: Record<string, number> = { ok: 0, 'other status': 0, 'connection lost': 0, messages: 0 }
  for (let done = 0; done < count; done++) {
    const bytes = randomAnswer(random)
    try {
      const whole = answer(bytes, [bytes.length])
      const pieces = answer(bytes, randomCuts(bytes.length, random))
      if (whole.text !== pieces.text) throw new Error(`in one piece ${whole.text}, in many ${pieces.text}`)
      outcomes['messages']! += whole.messages
      outcomes[whole.code === 0 ? 'ok' : whole.code === 14 ? 'connection lost' : 'other status']!++
    } catch (error) {
      throw new Error(`case ${done} of seed ${seed}: ${(error as Error).message} ${bytes.toString('hex')}`, {
        cause: error,
      })
    }
    progress(done + 1)
    // Answers to the server go out in turns of the event loop.
    if (done % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return outcomes
}

interface Outcome {
  readonly code: number
  readonly messages: number
  readonly text: string
}

/** What a call becomes when the server answers these bytes and closes. */
function answer(bytes: Buffer, sizes: readonly number[]): Outcome {
  const deaf = new DeafSocket()
  const socket = deaf as unknown as Socket
  const session = new CallSession({
    socket,
    raw: socket,
    direct: false,
    scheme: 'http',
    authority: 'x',
    events: { ready: () => undefined, closing: () => undefined },
  })
  const channel = {
    maxReceiveSize: 100_000,
    isClosed: false,
    vu: { clock: systemClock, options: { userAgent: 'fuzz' } },
    account: () => undefined,
    ready: (callback: (session: CallSession) => void) => callback(session),
  } as unknown as Channel
  const ends: Status[] = []
  let messages = 0
  const call = new Call(
    channel,
    { path: '/S/M', metadata: [], timeoutMs: 0 },
    {
      onMessage: (message) => {
        messages++
        const reply = decodeReply(realmObjects(realm), type, message, schema.messages)
        return reply instanceof Undecodable ? reply.status : undefined
      },
      onDone: (status) => void ends.push(status),
    },
  )
  call.startUnary(Buffer.alloc(frameHead))
  let at = 0
  for (const size of sizes) {
    const piece = Buffer.from(bytes.subarray(at, at + size))
    sharedRead.callback.call(socket, size, piece)
    // As the socket does it: the buffer is overwritten by the next read.
    piece.fill(0xaa)
    at += size
  }
  deaf.emit('end')
  if (ends.length !== 1) throw new Error(`the call ended ${ends.length} times`)
  const { code, message } = ends[0]!
  if (!Number.isInteger(code) || code < 0) throw new Error(`status ${code}`)
  return { code, messages, text: `${code} ${message} ${messages} ${JSON.stringify([call.headers, call.trailers])}` }
}

class DeafSocket extends EventEmitter {
  readonly writableLength = 0
  readonly localAddress = '127.0.0.1'
  readonly localPort = 1
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 2
  write(): boolean {
    return true
  }
  destroy(): void {}
}

function randomAnswer(random: Random): Buffer {
  const encoder = new HpackEncoder()
  const block = (fields: readonly string[]): Buffer => Buffer.from(encoder.encode(fields), 'latin1')
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const often = (usual: string, ...others: readonly string[]): string => (random() < 0.85 ? usual : pick(...others))
  const frames: Buffer[] = []
  const settings = random() < 0.9 ? [] : ([[pick(1, 3, 4, 5, 9), Math.floor(random() * 70_000)]] as const)
  frames.push(Buffer.from(settingsFrame(settings), 'latin1'))
  const head = [
    ':status',
    often('200', '404', '503', '100', 'x', ''),
    'content-type',
    often('application/grpc', 'text/html', 'application/grpc+proto', ''),
  ]
  if (random() < 0.2) head.push(pick('grpc-encoding', 'x-bin', 'date', '__proto__'), pick('gzip', 'AQI=', '!!', 'zip'))
  frames.push(frame(kind.headers, flag.endHeaders, 1, block(head)))
  for (let n = pick(0, 1, 1, 1, 1, 2, 5); n > 0; n--) {
    const message = randomMessage(random, 0)
    const prefix = Buffer.alloc(5)
    prefix[0] = random() < 0.93 ? 0 : pick(1, 2, 255)
    prefix.writeUInt32BE(random() < 0.95 ? message.length : Math.floor(random() * 2 ** 32), 1)
    const data = Buffer.concat([prefix, message])
    const at = Math.floor(random() * data.length)
    if (random() < 0.2) frames.push(frame(kind.data, 0, 1, data.subarray(0, at)))
    frames.push(frame(kind.data, 0, 1, random() < 0.2 ? data.subarray(at) : data))
  }
  if (random() < 0.1)
    frames.push(frame(pick(2, 3, 4, 5, 6, 7, 8, 9, 77), pick(0, 1, 4, 5), pick(0, 1, 3), randomBytes(random, 20)))
  const status = often(pick('0', '0', '5', '13'), '', '-1', '99999999999', 'x', '4294967295')
  const trailers = ['grpc-status', status, 'grpc-message', pick('', 'why', '%41%', '%zz', '%ff')]
  if (random() < 0.2) trailers.push('grpc-status-details-bin', randomBytes(random, 30).toString('base64'))
  const last = random() < 0.9 ? flag.endHeaders | flag.endStream : pick(0, 1, 4)
  frames.push(frame(kind.headers, last, 1, block(trailers)))
  const bytes = Buffer.concat(frames)
  return random() < 0.6 ? garble(bytes, random) : bytes
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(headOf(payload.length, type, flags, streamId), 'latin1'), payload])
}

/** Something like a protobuf message: real tags, any content. */
function randomMessage(random: Random, depth: number): Buffer {
  const parts: Buffer[] = []
  for (let n = Math.floor(random() * 5); n > 0; n--) {
    const number = 1 + Math.floor(random() * 15)
    const wire =
      random() < 0.8 ? ([0, 0, 2, 2, 2, 2, 2, 1, 0, 2, 2, 2, 2, 1, 5][number] ?? 2) : Math.floor(random() * 8)
    parts.push(Buffer.from([(number << 3) | wire]))
    if (wire === 2) {
      const inner = depth < 4 && random() < 0.6 ? randomMessage(random, depth + 1) : randomBytes(random, 12)
      parts.push(Buffer.from([random() < 0.95 ? inner.length & 127 : 200]), inner)
    } else parts.push(wire === 0 ? Buffer.from([Math.floor(random() * 128)]) : randomBytes(random, wire === 1 ? 8 : 4))
  }
  return Buffer.concat(parts)
}

function randomBytes(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * (most + 1)) }, () => Math.floor(random() * 256)))
}

function garble(bytes: Buffer, random: Random): Buffer {
  const out = Buffer.from(bytes)
  for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
    out[Math.floor(random() * out.length)] = Math.floor(random() * 256)
  }
  return random() < 0.2 ? out.subarray(0, Math.floor(random() * out.length)) : out
}

function randomCuts(length: number, random: Random): number[] {
  const sizes: number[] = []
  const most = random() < 0.3 ? 3 : random() < 0.5 ? 40 : Math.max(1, length)
  for (let left = length; left > 0; ) {
    const size = Math.min(left, 1 + Math.floor(random() * most))
    sizes.push(size)
    left -= size
  }
  return sizes
}
