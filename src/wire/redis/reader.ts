/**
 * Redis' protocol, RESP2 and RESP3. Commands and answers are in one order, pipelines too; pushes of RESP3 come between.
 * Source: redis.io/docs/latest/develop/reference/protocol-spec
 */
import { createHash, type Hash } from 'node:crypto'
import type { Opening, ReaderPorts, WireReader } from '../reader.js'
import { textOf } from '../statement.js'
import { ReplyCutter } from './reply.js'
import { CommandCutter } from './command.js'

export function createRedisReader(ports: ReaderPorts): WireReader {
  return new RedisReader(ports)
}

const MAX_PENDING = 1_000_000

interface Pending {
  readonly words: readonly string[]
  readonly startMs: number
}

class RedisReader implements WireReader {
  readonly #ports: ReaderPorts
  readonly #commands: CommandCutter
  readonly #replies: ReplyCutter
  readonly #pending: Pending[] = []
  #next = 0
  #nowMs = 0
  #hasTransaction = false
  #isUnread = false
  #hash: Hash | undefined
  #isFirst = true

  constructor(ports: ReaderPorts) {
    this.#ports = ports
    this.#commands = new CommandCutter((words) => this.#asked(words))
    this.#replies = new ReplyCutter({
      bytes: (slice) => (this.#hash ??= createHash('sha1')).update(slice),
      reply: (reply) => this.#answered(reply.bytes, reply.elements, reply.error, reply.isPush),
    })
  }

  client(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (this.#isFirst) {
      this.#isFirst = false
      // A TLS ClientHello: record type 22, version 3.
      if (chunk[0] === 0x16 && chunk[1] === 0x03) this.#leave('the target speaks TLS to Redis: PW_WIRE_TLS')
    }
    if (!this.#isUnread) this.#commands.take(chunk)
    return undefined
  }

  server(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (!this.#isUnread) this.#replies.take(chunk)
    return undefined
  }

  #asked(words: readonly string[]): void {
    const name = (words[0] ?? '').toUpperCase()
    if (/^(P|S)?SUBSCRIBE$/.test(name)) return this.#leave('a connection that subscribes holds no more questions')
    if (name === 'MONITOR' || name === 'SYNC' || name === 'PSYNC')
      return this.#leave(`a connection with ${name} holds no more questions`)
    if (name === 'CLIENT' && (words[1] ?? '').toUpperCase() === 'REPLY')
      return this.#leave('CLIENT REPLY: answers cannot be told')
    if (this.#pending.length - this.#next > MAX_PENDING)
      throw new Error('more than a million commands without an answer')
    this.#pending.push({ words, startMs: this.#nowMs })
  }

  #leave(why: string): void {
    this.#isUnread = true
    this.#ports.unread(why)
  }

  #answered(bytes: number, elements: number, error: string | undefined, isPush: boolean): void {
    const answerHash = this.#hash?.digest('hex').slice(0, 16) ?? ''
    this.#hash = undefined
    if (isPush) return
    const asked = this.#pending[this.#next++]
    // Moved up now and then, for shifting each one is dear in a long pipeline.
    if (this.#next === this.#pending.length || this.#next > 10_000) {
      this.#pending.splice(0, this.#next)
      this.#next = 0
    }
    if (asked === undefined) return
    const name = (asked.words[0] ?? '').toUpperCase()
    if (name === 'MULTI') this.#hasTransaction = error === undefined
    if (name === 'EXEC' || name === 'DISCARD') this.#hasTransaction = false
    this.#ports.tell({
      startMs: asked.startMs,
      endMs: this.#nowMs,
      text: textOf(Buffer.from(asked.words.join(' '))),
      family: redisFamily(asked.words),
      params: asked.words.slice(1),
      paramsHash: this.#ports.hash(asked.words.slice(1)),
      rows: elements,
      bytes,
      answerHash,
      error,
      inTransaction: this.#hasTransaction,
      traceparent: undefined,
    })
  }
}

const withSubcommand =
  /^(CLIENT|CONFIG|OBJECT|MEMORY|XINFO|XGROUP|SCRIPT|FUNCTION|PUBSUB|CLUSTER|ACL|LATENCY|DEBUG|COMMAND)$/
const withoutKey =
  /^(PING|HELLO|AUTH|SELECT|INFO|MULTI|EXEC|DISCARD|DBSIZE|RANDOMKEY|SCAN|WAIT|QUIT|ECHO|TIME|UNWATCH)$/

/** `GET cart:?`: the command and its first key, with what differs from key to key as `?`. */
export function redisFamily(words: readonly string[]): string {
  const name = (words[0] ?? '').toUpperCase()
  if (withSubcommand.test(name)) return `${name} ${(words[1] ?? '').toUpperCase()}`.trim()
  if (withoutKey.test(name) || words.length < 2) return name
  if (/^(EVAL|EVALSHA|FCALL)(_RO)?$/.test(name)) return `${name} ${keyPattern((words[1] ?? '').slice(0, 60))}`
  if (name === 'KEYS') return `KEYS ${words[1] ?? ''}`
  return `${name} ${keyPattern(words[1] ?? '')}`
}

/** Numbers, UUIDs and long hexadecimal parts of a key are what differs; so is what stands in `{}` alone. */
export function keyPattern(key: string): string {
  return textOf(Buffer.from(key.slice(0, 200)))
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '?')
    .replace(/(?<![a-z0-9])(?=[0-9a-f]*\d)[0-9a-f]{12,}(?![a-z0-9])/gi, '?')
    .replace(/\d+/g, '?')
    .replace(/[^\s:/|.{}]+@[^\s:/|{}]+/g, '?')
}
