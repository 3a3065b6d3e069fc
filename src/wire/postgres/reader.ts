/**
 * PostgreSQL's frontend/backend protocol 3.0 and 3.2, simple and extended, with pipelining and COPY.
 * Source: postgresql.org/docs/current/protocol-message-formats.html
 *
 * Answers come in the order of the questions. The queue holds what is asked and not yet answered: a simple query ends
 * with ReadyForQuery, an Execute with CommandComplete, EmptyQueryResponse, PortalSuspended or an error; after an error
 * the server passes over everything up to the next Sync.
 */
import { createHash, type Hash } from 'node:crypto'
import { FrameCutter, type FrameForm } from '../frames.js'
import type { Opening, ReaderPorts, WireReader } from '../reader.js'
import { familyOf, literalsOf, MAX_TEXT_BYTES, textOf, traceparentOf } from '../statement.js'
import { type RawParam, readBind, readCString, readTypes, valueOf } from './messages.js'

const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104
const CANCEL_REQUEST = 80_877_102
const MAX_STARTUP_BYTES = 10_000
const MAX_NAMES = 10_000
const MAX_PENDING = 100_000

export function createPostgresReader(ports: ReaderPorts): WireReader {
  return new PostgresReader(ports)
}

interface Pending {
  readonly kind: 'simple' | 'execute' | 'sync'
  readonly sql: string
  readonly params: readonly RawParam[]
  readonly types: readonly number[]
  readonly startMs: number
  rows: number
  bytes: number
  error: string | undefined
  hash: Hash | undefined
}

interface Statement {
  readonly sql: string
  types: readonly number[]
}

const formOf = (kept: string): FrameForm => ({
  headBytes: 5,
  bodyBytes(head) {
    const length = head.readInt32BE(1) - 4
    if (length < 0) throw new Error('a message of negative length')
    return length
  },
  keepBytes: (head) => (kept.includes(String.fromCharCode(head[0] as number)) ? MAX_TEXT_BYTES : 0),
})
// Query, Parse, Bind, Execute, Close, Describe; ErrorResponse, ReadyForQuery, ParameterDescription.
const clientForm = formOf('QPBECD')
const serverForm = formOf('EZt')

class PostgresReader implements WireReader {
  readonly #ports: ReaderPorts
  readonly #fromClient: FrameCutter
  readonly #fromServer: FrameCutter
  readonly #statements = new Map<string, Statement>()
  readonly #portals = new Map<string, { statement: Statement; params: readonly RawParam[] }>()
  /** Statements whose ParameterDescription is to come. */
  readonly #described: (Statement | undefined)[] = []
  readonly #pending: Pending[] = []
  #opening: Buffer | undefined = Buffer.alloc(0)
  #isUnread = false
  #nowMs = 0
  #hasTransaction = false
  #refusedTls = false

  constructor(ports: ReaderPorts) {
    this.#ports = ports
    this.#fromClient = new FrameCutter(clientForm, { frame: (head, body) => this.#asked(head[0] as number, body) })
    this.#fromServer = new FrameCutter(serverForm, {
      frame: (head, body, bytes) => this.#answered(head[0] as number, body, bytes),
      body: (head, slice) => this.#rowBytes(head[0] as number, slice),
    })
  }

  client(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (this.#opening !== undefined) return this.#open(chunk)
    if (!this.#isUnread) this.#fromClient.take(chunk)
    return undefined
  }

  server(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (!this.#isUnread) this.#fromServer.take(chunk)
    return undefined
  }

  /** Until the StartupMessage: requests for encryption are answered with N (none), which every client may get. */
  #open(chunk: Buffer): Opening {
    let bytes = Buffer.concat([this.#opening ?? Buffer.alloc(0), chunk])
    const replies: Buffer[] = []
    for (;;) {
      if (bytes.length < 8) break
      const [length, code] = [bytes.readInt32BE(0), bytes.readInt32BE(4)]
      if (length < 8 || length > MAX_STARTUP_BYTES) {
        // Not thrown, for what was kept back has to go on.
        this.#ports.unread('passed through unread: a connection did not begin as one of PostgreSQL')
        this.#isUnread = true
        this.#opening = undefined
        return { forward: bytes }
      }
      if (code === SSL_REQUEST || code === GSS_REQUEST) {
        replies.push(Buffer.from('N'))
        bytes = bytes.subarray(8)
        this.#refusedTls ||= code === SSL_REQUEST
        continue
      }
      if (bytes.length < length) break
      // A request to cancel is nothing but that.
      this.#isUnread = code === CANCEL_REQUEST
      this.#opening = undefined
      const rest = bytes.subarray(length)
      if (rest.length > 0 && !this.#isUnread) this.#fromClient.take(rest)
      return { forward: bytes, ...(replies.length > 0 ? { reply: Buffer.concat(replies) } : {}) }
    }
    this.#opening = Buffer.from(bytes)
    return { forward: Buffer.alloc(0), ...(replies.length > 0 ? { reply: Buffer.concat(replies) } : {}) }
  }

  /** The client left after the N: it insists on encryption. */
  ended(): void {
    if (this.#opening !== undefined && this.#refusedTls)
      this.#ports.unread('the target insists on TLS (sslmode=require): PW_WIRE_TLS')
  }

  #asked(type: number, body: Buffer): void {
    if (this.#pending.length > MAX_PENDING) throw new Error('more than 100,000 statements without an answer')
    switch (String.fromCharCode(type)) {
      case 'Q':
        this.#push('simple', readCString(body, 0).text)
        break
      case 'P': {
        const name = readCString(body, 0)
        if (this.#statements.size >= MAX_NAMES) this.#statements.clear()
        this.#statements.set(name.text, { sql: textOf(body.subarray(name.end, cut(body, name.end))), types: [] })
        break
      }
      case 'B': {
        const bind = readBind(body)
        if (this.#portals.size >= MAX_NAMES) this.#portals.clear()
        const statement = this.#statements.get(bind.statement) ?? { sql: '', types: [] }
        this.#portals.set(bind.portal, { statement, params: bind.params })
        break
      }
      case 'E': {
        const portal = this.#portals.get(readCString(body, 0).text)
        this.#push('execute', portal?.statement.sql ?? '', portal?.params, portal?.statement.types)
        break
      }
      case 'C': {
        const name = readCString(body, 1).text
        if (body[0] === 0x53) this.#statements.delete(name)
        else this.#portals.delete(name)
        break
      }
      case 'D':
        if (body[0] === 0x53) this.#described.push(this.#statements.get(readCString(body, 1).text))
        if (this.#described.length > MAX_NAMES) this.#described.length = 0
        break
      case 'S':
        this.#push('sync', '')
        break
      default:
      // Flush, passwords, COPY data, function calls: they ask nothing of their own.
    }
  }

  #push(kind: Pending['kind'], sql: string, params: readonly RawParam[] = [], types: readonly number[] = []): void {
    const startMs = this.#nowMs
    this.#pending.push({ kind, sql, params, types, startMs, rows: 0, bytes: 0, error: undefined, hash: undefined })
  }

  #rowBytes(type: number, slice: Buffer): void {
    const head = this.#pending[0]
    if (head === undefined || (type !== 0x44 && type !== 0x64)) return
    head.bytes += slice.length
    head.hash ??= createHash('sha1')
    head.hash.update(slice)
  }

  #answered(type: number, body: Buffer, bytes: number): void {
    const head = this.#pending[0]
    switch (String.fromCharCode(type)) {
      case 'D':
      case 'd':
        if (head !== undefined) head.rows++
        break
      case 'C':
      case 'I':
      case 's':
        if (head?.kind === 'execute') this.#finish()
        break
      case 't': {
        const statement = this.#described.shift()
        if (statement !== undefined) statement.types = readTypes(body)
        break
      }
      case 'E':
        this.#described.length = 0
        if (head === undefined) break
        head.error = errorText(body)
        if (head.kind === 'execute') {
          this.#finish()
          // The server passes over what follows, up to Sync.
          while (this.#pending[0]?.kind === 'execute') this.#pending.shift()
        }
        break
      case 'Z': {
        this.#hasTransaction = body[0] !== 0x49
        // A Sync that the queue lost sight of must not shift every later answer by one.
        while (this.#pending[0]?.kind === 'execute') this.#pending.shift()
        if (head?.kind === 'simple') this.#finish()
        else this.#pending.shift()
        break
      }
      default:
        if (head !== undefined && bytes > 0 && type === 0x54) head.bytes += bytes
    }
  }

  #finish(): void {
    const done = this.#pending.shift()
    if (done === undefined || done.sql === '') return
    const { sql, params, types, startMs, rows, bytes, error, hash } = done
    this.#ports.tell({
      startMs,
      endMs: this.#nowMs,
      text: sql,
      family: familyOf(sql),
      params: params.map((one, i) => valueOf(one, types[i])),
      paramsHash: this.#ports.hash(
        params.length > 0 ? params.map(({ bytes }) => bytes?.toString('latin1') ?? null) : literalsOf(sql),
      ),
      rows,
      bytes,
      answerHash: hash?.digest('hex').slice(0, 16) ?? '',
      error,
      inTransaction: this.#hasTransaction,
      traceparent: traceparentOf(sql),
    })
  }
}

function cut(body: Buffer, from: number): number {
  const end = body.indexOf(0, from)
  return end < 0 ? body.length : end
}

/** `severity`, `code` and `message` of an ErrorResponse's fields. */
function errorText(body: Buffer): string {
  const fields = new Map<string, string>()
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const { text, end } = readCString(body, at + 1)
    fields.set(String.fromCharCode(body[at] as number), text)
    at = end
  }
  return `${fields.get('C') ?? ''} ${fields.get('M') ?? ''}`.trim().slice(0, 300)
}
