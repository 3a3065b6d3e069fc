/**
 * Malformed WebSocket frames against the parser, cut anywhere. Three judges: the same bytes in one piece must give the same
 * events; the receiver of the npm package `ws` must have read the same messages as far as both went on; nothing of the
 * memory budget may stay behind.
 */
import { createRequire } from 'node:module'
import { type Random, seededRandom } from '#base/random.js'
import { deflateMessage, inflateMessage } from '#engine/native/modules/ws/deflate.js'
import { FrameParser, type MessageBudget } from '#engine/native/modules/ws/frame-parser.js'
import { SseParser } from '#engine/native/modules/streaming/sse-parser.js'
import type { Fuzz } from './protocol.js'

/** Every so many cases the oracle reads along; it is the slow part. */
const oracleEvery = 5

export const fuzz: Fuzz = async ({ count, seed, progress }) => {
  const random = seededRandom(seed)
  const outcomes: Record<string, number> = {
    'read on': 0,
    closed: 0,
    refused: 0,
    'beside ws': 0,
    messages: 0,
    inflated: 0,
  }
  const budget: MessageBudget = { usedBytes: 0 }
  for (let done = 0; done < count; done++) {
    const deflates = random() < 0.3
    const bytes = randomFrames(random, deflates)
    try {
      const whole = read(bytes, [bytes.length], deflates, budget)
      const pieces = read(bytes, randomCuts(bytes.length, random), deflates, budget)
      if (whole.join('\n') !== pieces.join('\n')) throw new Error('pieces gave other events than the whole')
      if (budget.usedBytes !== 0) throw new Error(`${budget.usedBytes} bytes of the budget are not given back`)
      const last = whole.at(-1) ?? ''
      outcomes[last.startsWith('fault') ? 'refused' : last.startsWith('close') ? 'closed' : 'read on']!++
      outcomes['messages']! += whole.filter((event) => event.startsWith('message')).length
      if (done % oracleEvery === 0 && !deflates) {
        compare(whole, readByWs(bytes))
        outcomes['beside ws']!++
      }
      if (done % 50 === 0) {
        if (inflateMessage(garble(deflateMessage(randomBytes(random, 200)), random)) !== undefined)
          outcomes['inflated']!++
        feedEvents(bytes, random)
      }
    } catch (error) {
      throw new Error(`case ${done} of seed ${seed}: ${(error as Error).message} ${bytes.toString('hex')}`, {
        cause: error,
      })
    }
    progress(done + 1)
    // The runner's own timers and signals get their turn.
    if (done % 1000 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return outcomes
}

const shared = Buffer.alloc(65_536)

function read(bytes: Buffer, sizes: readonly number[], deflates: boolean, budget: MessageBudget): string[] {
  const events: string[] = []
  const parser = new FrameParser(
    {
      onMessage: (buf, start, end, binary, compressed) => {
        events.push(`message ${binary} ${compressed} ${buf.toString('hex', start, end)}`)
      },
      onPing: (payload) => void events.push(`ping ${payload.toString('hex')}`),
      onPong: (payload) => void events.push(`pong ${payload.toString('hex')}`),
      onClose: (code, reason) => void events.push(`close ${code} ${reason}`),
      onFault: (reason, code) => void events.push(`fault ${code} ${reason}`),
    },
    budget,
    deflates,
  )
  let at = 0
  for (const size of sizes) {
    // As the socket does it: one buffer for every read, overwritten by the next.
    bytes.copy(shared, 0, at, at + size)
    parser.feed(shared, 0, size)
    shared.fill(0xaa, 0, Math.min(size, 1000))
    at += size
  }
  parser.stop()
  return events
}

interface WsReceiver {
  on(event: string, listener: (...args: unknown[]) => void): void
  write(bytes: Buffer): void
}
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => WsReceiver }

function readByWs(bytes: Buffer): string[] {
  const events: string[] = []
  const receiver = new Receiver({ allowSynchronousEvents: true, isServer: false, skipUTF8Validation: true })
  receiver.on('message', (data, isBinary) => {
    events.push(`message ${isBinary as boolean} false ${Buffer.from(data as Buffer).toString('hex')}`)
  })
  receiver.on('conclude', () => void events.push('end'))
  receiver.on('error', () => void events.push('end'))
  receiver.write(Buffer.from(bytes))
  return events
}

/** Equal as far as both read: one may stop earlier, because each refuses what the other lets pass. */
function compare(ours: readonly string[], theirs: readonly string[]): void {
  const isMessage = (event: string): boolean => event.startsWith('message')
  const a = ours.filter(isMessage)
  const b = theirs.filter(isMessage)
  const stopped = (events: readonly string[]): boolean => /^(?:fault|close|end)/.test(events.at(-1) ?? '')
  const both = Math.min(a.length, b.length)
  if (a.slice(0, both).join() !== b.slice(0, both).join()) throw new Error('ws read other messages')
  if (a.length < b.length && !stopped(ours)) throw new Error('ws read more messages')
  if (b.length < a.length && !stopped(theirs)) throw new Error('ws read fewer messages')
}

function feedEvents(bytes: Buffer, random: Random): void {
  let events = 0
  const parser = new SseParser(() => events++)
  const text = Buffer.concat([Buffer.from('data: a\r\n\r\nid'), bytes, Buffer.from(':\r\ndata\n\n')])
  let at = 0
  for (const size of randomCuts(text.length, random)) {
    parser.feed(text, at, at + size)
    at += size
  }
  if (events < 1) throw new Error('the first event of a stream was lost')
}

function randomFrames(random: Random, deflates: boolean): Buffer {
  const frames = Array.from({ length: 1 + Math.floor(random() * 6) }, () => randomFrame(random, deflates))
  const bytes = Buffer.concat(frames)
  const all = random() < 0.5 ? garble(bytes, random) : bytes
  return all.length > shared.length ? all.subarray(0, shared.length) : all
}

const likelyOpcodes = [0, 1, 1, 1, 2, 2, 8, 9, 10]

function randomFrame(random: Random, deflates: boolean): Buffer {
  const pick = (values: readonly number[]): number => values[Math.floor(random() * values.length)] as number
  const opcode = random() < 0.95 ? pick(likelyOpcodes) : Math.floor(random() * 16)
  const final = random() < (opcode >= 8 ? 0.99 : 0.7)
  const reserved = random() < 0.03 ? Math.floor(random() * 8) : deflates && opcode < 3 && random() < 0.5 ? 4 : 0
  let payload = randomBytes(random, opcode >= 8 ? 126 : random() < 0.005 ? 70_000 : pick([5, 5, 20, 126, 300]))
  if (opcode === 8 && random() < 0.8) payload = Buffer.concat([closeCode(random), Buffer.from('bye')])
  const masked = random() < 0.02
  const form = payload.length > 65_535 || random() < 0.05 ? 127 : payload.length > 125 || random() < 0.05 ? 126 : 0
  const head = [
    (final ? 0x80 : 0) | (reserved << 4) | opcode,
    (masked ? 0x80 : 0) | (form === 0 ? payload.length : form),
  ]
  const length = Buffer.alloc(form === 127 ? 8 : form === 126 ? 2 : 0)
  if (form === 126) length.writeUInt16BE(payload.length)
  if (form === 127) length.writeBigUInt64BE(BigInt(payload.length))
  return Buffer.concat([Buffer.from(head), length, masked ? randomBytes(random, 4) : Buffer.alloc(0), payload])
}

function closeCode(random: Random): Buffer {
  const code = Buffer.alloc(2)
  code.writeUInt16BE(random() < 0.7 ? 1000 + Math.floor(random() * 20) : Math.floor(random() * 65_536))
  return code
}

function randomBytes(random: Random, most: number): Buffer {
  const bytes = Buffer.alloc(Math.floor(random() * (most + 1)))
  // Long payloads need not be random in every byte.
  for (let i = 0; i < bytes.length; i += bytes.length > 1000 ? 97 : 1) bytes[i] = Math.floor(random() * 256)
  return bytes
}

function garble(bytes: Buffer, random: Random): Buffer {
  const out = Buffer.from(bytes)
  for (let n = Math.floor(random() * 4); n > 0 && out.length > 0; n--) {
    // Heads are where it hurts.
    const at = Math.floor(random() * (random() < 0.5 ? Math.min(out.length, 12) : out.length))
    out[at] = Math.floor(random() * 256)
  }
  return random() < 0.3 ? out.subarray(0, Math.floor(random() * out.length)) : out
}

function randomCuts(length: number, random: Random): number[] {
  const sizes: number[] = []
  const most = random() < 0.3 ? 3 : random() < 0.5 ? 40 : length
  for (let left = length; left > 0; ) {
    const size = Math.min(left, 1 + Math.floor(random() * most))
    sizes.push(size)
    left -= size
  }
  return sizes
}
