/**
 * MySQL's and MariaDB's protocol: COM_QUERY and prepared statements. One command at a time, but for those without an
 * answer. Source: dev.mysql.com/doc/dev/mysql-server/latest (Client/Server Protocol), mariadb.com/kb (the same title).
 *
 * From the server's greeting the abilities are taken out that would hide the talk: TLS, packing, and query attributes,
 * which change the form of COM_QUERY.
 */
import { createHash, type Hash } from 'node:crypto'
import { FrameCutter, type FrameForm } from '../frames.js'
import type { Opening, ReaderPorts, WireReader } from '../reader.js'
import { familyOf, literalsOf, MAX_TEXT_BYTES, textOf, traceparentOf } from '../statement.js'
import { lengthAt, readParams, type ParamType } from './values.js'
import { withoutHidingAbilities } from './greeting.js'

export function createMysqlReader(ports: ReaderPorts): WireReader {
  return new MysqlReader(ports)
}

const DEPRECATE_EOF = 1 << 24
const MORE_RESULTS = 0x0008
const IN_TRANSACTION = 0x0001
/** MariaDB's extended ability: column definitions of a prepared statement are sent once. */
const CACHE_METADATA = 1 << 4
const MAX_STATEMENTS = 10_000

interface Prepared {
  readonly sql: string
  readonly paramCount: number
  types: readonly ParamType[]
}

interface Running {
  readonly kind: 'query' | 'prepare' | 'other'
  readonly sql: string
  readonly params: readonly (string | null | undefined)[]
  readonly startMs: number
  phase: 'first' | 'columns' | 'columns-eof' | 'rows' | 'definitions'
  /** Column definitions, or packets of a prepare, that are to come. */
  left: number
  rows: number
  bytes: number
  hash: Hash | undefined
  prepared: Buffer | undefined
}

/** The first 64 bytes tell the kind of any answer. */
const form = (keepBytes: number): FrameForm => ({
  headBytes: 4,
  bodyBytes: (head) => head.readUIntLE(0, 3),
  keepBytes: () => keepBytes,
})

class MysqlReader implements WireReader {
  readonly #ports: ReaderPorts
  readonly #fromClient: FrameCutter
  readonly #fromServer: FrameCutter
  readonly #prepared = new Map<number, Prepared>()
  #greeting: Buffer | undefined = Buffer.alloc(0)
  #phase: 'login' | 'commands' = 'login'
  #hasLogin = false
  #abilities = 0
  #extended = 0
  #running: Running | undefined
  #nowMs = 0
  #hasTransaction = false
  #isContinued = { client: false, server: false }

  constructor(ports: ReaderPorts) {
    this.#ports = ports
    this.#fromClient = new FrameCutter(form(MAX_TEXT_BYTES), {
      frame: (head, body, bytes) => this.#asked(head[3] as number, body, bytes),
    })
    this.#fromServer = new FrameCutter(form(64), {
      frame: (_head, body, bytes) => this.#answered(body, bytes),
      body: (_head, slice) => this.#answerBytes(slice),
    })
  }

  client(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    this.#fromClient.take(chunk)
    return undefined
  }

  server(chunk: Buffer, nowMs: number): Opening | undefined {
    this.#nowMs = nowMs
    if (this.#greeting === undefined) {
      this.#fromServer.take(chunk)
      return undefined
    }
    const bytes = Buffer.concat([this.#greeting, chunk])
    if (bytes.length < 4 || bytes.length < 4 + bytes.readUIntLE(0, 3)) {
      this.#greeting = bytes
      return { forward: Buffer.alloc(0) }
    }
    this.#greeting = undefined
    // An error in place of the greeting (too many connections) goes on as it is.
    if (bytes[4] !== 10) return { forward: bytes }
    return { forward: withoutHidingAbilities(bytes) }
  }

  #asked(sequence: number, body: Buffer, bytes: number): void {
    const isContinuation = this.#isContinued.client
    this.#isContinued.client = bytes === 0xffffff
    if (this.#phase === 'login') {
      if (!this.#hasLogin && body.length >= 32) {
        this.#hasLogin = true
        this.#abilities = body.readUInt32LE(0)
        // MariaDB's own abilities lie where MySQL's client has zeroes, and only when CLIENT_MYSQL (1) is not set.
        this.#extended = (this.#abilities & 1) === 0 ? body.readUInt32LE(28) : 0
      }
      return
    }
    // Packets of a running command that are no command: a file that is loaded, an answer to a request for a password.
    if (isContinuation || sequence !== 0 || body.length === 0) return
    const rest = body.subarray(1)
    switch (body[0]) {
      case 0x03:
        return this.#begin('query', textOf(rest))
      case 0x16:
        return this.#begin('prepare', textOf(rest))
      case 0x17: {
        const prepared = this.#prepared.get(rest.length >= 4 ? rest.readUInt32LE(0) : -1)
        const params = prepared === undefined ? [] : readParams(rest, prepared)
        return this.#begin('query', prepared?.sql ?? '', params)
      }
      case 0x19:
        this.#prepared.delete(rest.length >= 4 ? rest.readUInt32LE(0) : -1)
        return
      // Long data and quit have no answer.
      case 0x18:
      case 0x01:
        return
      case 0x11:
        this.#phase = 'login'
        return
      default:
        this.#begin('other', '')
    }
  }

  #begin(kind: Running['kind'], sql: string, params: Running['params'] = []): void {
    this.#running = {
      kind,
      sql,
      params,
      startMs: this.#nowMs,
      phase: 'first',
      left: 0,
      rows: 0,
      bytes: 0,
      hash: undefined,
      prepared: undefined,
    }
  }

  #answerBytes(slice: Buffer): void {
    const running = this.#running
    if (running?.phase !== 'rows') return
    running.bytes += slice.length
    running.hash ??= createHash('sha1')
    running.hash.update(slice)
  }

  #answered(body: Buffer, bytes: number): void {
    const isContinuation = this.#isContinued.server
    this.#isContinued.server = bytes === 0xffffff
    if (isContinuation) return
    const kind = body[0] ?? 0
    if (this.#phase === 'login') {
      if (kind === 0x00 || kind === 0xff) this.#phase = 'commands'
      return
    }
    const running = this.#running
    if (running === undefined) return
    if (running.kind === 'other') {
      this.#running = undefined
      return
    }
    if (running.kind === 'prepare') return this.#prepareAnswered(running, body)
    if (kind === 0xff) return this.#finish(running, errorText(body))
    if (running.phase === 'first') {
      if (kind === 0x00) return this.#ok(running, body)
      // The client is asked for a file; its packets have other sequence numbers, and an OK follows.
      if (kind === 0xfb) return
      running.left = lengthAt(body, 0).value
      const isCached =
        (this.#extended & CACHE_METADATA) !== 0 && body.length > lengthAt(body, 0).next && body.at(-1) === 0
      running.phase = isCached ? (this.#hasEof ? 'columns-eof' : 'rows') : 'columns'
      return
    }
    if (running.phase === 'columns') {
      if (--running.left === 0) running.phase = this.#hasEof ? 'columns-eof' : 'rows'
      return
    }
    if (running.phase === 'columns-eof') {
      running.phase = 'rows'
      return
    }
    const isEnd = kind === 0xfe && bytes < (this.#hasEof ? 9 : 0xffffff)
    if (!isEnd) {
      running.rows++
      return
    }
    const status = this.#hasEof ? statusAt(body, 3) : statusOfOk(body)
    this.#status(running, status)
  }

  get #hasEof(): boolean {
    return (this.#abilities & DEPRECATE_EOF) === 0
  }

  #ok(running: Running, body: Buffer): void {
    this.#status(running, statusOfOk(body))
  }

  #status(running: Running, status: number): void {
    this.#hasTransaction = (status & IN_TRANSACTION) !== 0
    if ((status & MORE_RESULTS) !== 0) running.phase = 'first'
    else this.#finish(running, undefined)
  }

  #prepareAnswered(running: Running, body: Buffer): void {
    if (running.phase === 'first') {
      if (body[0] === 0xff || body.length < 9) {
        this.#running = undefined
        return
      }
      const [columns, params] = [body.readUInt16LE(5), body.readUInt16LE(7)]
      if (this.#prepared.size >= MAX_STATEMENTS) this.#prepared.clear()
      this.#prepared.set(body.readUInt32LE(1), { sql: running.sql, paramCount: params, types: [] })
      const eofs = this.#hasEof ? Number(params > 0) + Number(columns > 0) : 0
      running.left = params + columns + eofs
      running.phase = 'definitions'
    } else running.left--
    if (running.left === 0) this.#running = undefined
  }

  #finish(running: Running, error: string | undefined): void {
    this.#running = undefined
    const { sql, params, startMs, rows, bytes, hash } = running
    if (sql === '') return
    this.#ports.tell({
      startMs,
      endMs: this.#nowMs,
      text: sql,
      family: familyOf(sql),
      params,
      paramsHash: this.#ports.hash(params.length > 0 ? params : literalsOf(sql)),
      rows,
      bytes,
      answerHash: hash?.digest('hex').slice(0, 16) ?? '',
      error,
      inTransaction: this.#hasTransaction,
      traceparent: traceparentOf(sql),
    })
  }
}

/** OK: kind, affected rows, last id (both of variable length), status. */
function statusOfOk(body: Buffer): number {
  const affected = lengthAt(body, 1)
  const lastId = lengthAt(body, affected.next)
  return statusAt(body, lastId.next)
}

function statusAt(body: Buffer, at: number): number {
  return at + 2 <= body.length ? body.readUInt16LE(at) : 0
}

function errorText(body: Buffer): string {
  return body.length < 3 ? 'error' : `${body.readUInt16LE(1)} ${textOf(body.subarray(3))}`
}
