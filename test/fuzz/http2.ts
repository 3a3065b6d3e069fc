/** Sessions with a malformed server: valid frames mutated, cut anywhere, over a pair of streams in memory or a socket. */
import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { type Random, seededRandom } from '#base/random.js'
import { flag, frame, frameHead, settingsFrame, uint32 } from '#engine/native/http2/frames.js'
import { HpackEncoder } from '#engine/native/http2/hpack-encoder.js'
import { openSession } from '#engine/native/http2/session.js'
import { responseHead } from '#engine/native/http2/response-head.js'
import type { Http2Session } from '#engine/native/http2/types.js'
import type { Fuzz } from './protocol.js'

export const fuzz: Fuzz = async ({ count, seed, progress }) => {
  const random = seededRandom(seed)
  const outcomes: Record<string, number> = { answered: 0, reset: 0, lost: 0, waiting: 0 }
  for (let done = 0; done < count; done++) {
    const bytes = mutate(randomSession(random), random)
    try {
      for (const outcome of play(bytes, random)) outcomes[outcome]!++
    } catch (error) {
      const text = JSON.stringify(bytes.toString('latin1'))
      throw new Error(`case ${done} of seed ${seed}: ${(error as Error).message} ${text}`, { cause: error })
    }
    progress(done + 1)
    // What the sessions have left for later must have its turn, or it would look like growth.
    if (done % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return outcomes
}

/** As much of a socket as a session uses; what is written is only counted. */
class Wire extends Duplex {
  bytesWritten = 0
  bytesRead = 0
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytesWritten += chunk.length
    done()
  }
}

type Outcome = 'answered' | 'reset' | 'lost' | 'waiting'

/** One session with two streams. Every stream hears of its end once, or still waits when the bytes are over. */
function play(bytes: Buffer, random: Random): Outcome[] {
  const socket = new Wire() as unknown as Socket
  const session = openSession({ socket, raw: socket, tunnelled: false, direct: false, events: {} })
  const streams = [ask(session, random), ask(session, random)]
  const reader = session as unknown as { onBytes(bytes: Buffer, count: number): void }
  const shared = Buffer.alloc(65_536)
  for (let at = 0; at < bytes.length; ) {
    const most = random() < 0.3 ? 4 : bytes.length
    const size = Math.min(bytes.length - at, shared.length, 1 + Math.floor(random() * most))
    bytes.copy(shared, 0, at, at + size)
    reader.onBytes(shared, size)
    at += size
  }
  const outcomes = streams.map((stream) => stream.outcome)
  session.close()
  for (const [i, stream] of streams.entries()) {
    if (outcomes[i] === 'waiting' && stream.outcome !== 'lost') throw new Error('a stream did not hear of the end')
    if (stream.ends > 1) throw new Error(`a stream ended ${stream.ends} times`)
  }
  if (session.active !== 0) throw new Error(`${session.active} streams are left`)
  return outcomes
}

function ask(session: Http2Session, random: Random): { outcome: Outcome; ends: number } {
  const state: { outcome: Outcome; ends: number } = { outcome: 'waiting', ends: 0 }
  const end = (outcome: Outcome): void => {
    state.outcome = outcome
    state.ends++
  }
  const body = random() < 0.3 ? Buffer.alloc(Math.floor(random() * 100_000), 'x') : undefined
  session.open([':method', 'GET', ':path', '/', ':scheme', 'http', ':authority', 'h'], body, true, {
    onHeaders: (fields, last) => {
      responseHead(fields)
      if (last) end('answered')
    },
    onData: (_chunk, last) => {
      if (last) end('answered')
    },
    onReset: () => end('reset'),
    onLost: () => end('lost'),
  })
  return state
}

/** Mostly what a server says, in an order that it might have. */
function randomSession(random: Random): Buffer {
  const encoder = new HpackEncoder()
  const pick = (n: number): number => Math.floor(random() * n)
  const parts = [settingsFrame(random() < 0.5 ? [] : [[1 + pick(7), [0, 1, 100, 65_535, 2 ** 31][pick(5)] as number]])]
  const id = (): number => [1, 1, 3, 3, 0, 2, 5][pick(7)] as number
  const block = (status: boolean): string =>
    encoder.encode([
      ...(status ? [':status', ['200', '103', '404', 'x'][pick(4)] as string] : []),
      `x-${pick(9)}`,
      'v'.repeat(pick(200)),
    ])
  const framed = (type: number, flags: number, stream: number, payload: string): string =>
    frameHead(payload.length, type, flags, stream) + payload
  for (let n = 1 + pick(8); n > 0; n--) {
    switch (pick(10)) {
      case 0:
      case 1:
      case 2:
        parts.push(framed(frame.headers, flag.endHeaders | pick(2), id(), block(random() < 0.8)))
        break
      case 3:
      case 4:
        parts.push(framed(frame.data, [0, 1, flag.padded][pick(3)] as number, id(), 'd'.repeat(pick(2000))))
        break
      case 5:
        parts.push(framed(frame.rstStream, 0, id(), uint32(pick(15))))
        break
      case 6:
        parts.push(framed(frame.windowUpdate, 0, id(), uint32([0, 1, 100_000, 2 ** 31 - 1][pick(4)] as number)))
        break
      case 7:
        parts.push(framed(frame.goaway, 0, 0, uint32(pick(4)) + uint32(pick(15)) + 'debug'))
        break
      case 8:
        parts.push(
          framed(frame.headers, 0, id(), block(true)),
          framed(frame.continuation, flag.endHeaders, id(), block(false)),
        )
        break
      default:
        parts.push(framed(pick(12), pick(256), id(), 'x'.repeat([0, 4, 5, 6, 8][pick(5)] as number)))
    }
  }
  return Buffer.from(parts.join(''), 'latin1')
}

function mutate(bytes: Buffer, random: Random): Buffer {
  let out = bytes
  for (let n = Math.floor(random() * 4); n > 0 && out.length > 0; n--) {
    const at = Math.floor(random() * out.length)
    const kind = random()
    if (kind < 0.5) {
      out = Buffer.from(out)
      out[at] = Math.floor(random() * 256)
    } else if (kind < 0.7) out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1)])
    else if (kind < 0.9) out = Buffer.concat([out.subarray(0, at), out.subarray(Math.floor(random() * out.length))])
    else out = out.subarray(0, at)
  }
  return out
}
