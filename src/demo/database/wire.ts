/**
 * PostgreSQL's wire protocol in front of the embedded database, so that the shop talks to it as it would to any other:
 * through a driver, a pool and a socket, where a proxy, a slow log or `psql` can listen.
 *
 * The database behind is one session. Connections take turns, one round trip (up to Sync, Query or the end of a COPY)
 * at a time; whoever has a transaction open keeps the turn until it is closed. Settings and named prepared statements
 * are therefore common to all connections.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { asksForSessions, type Session, tellSessions } from './sessions.js'

export interface WireBackend {
  /** Whole frontend messages in, the answer's bytes out. */
  exec(messages: Uint8Array): Promise<Uint8Array>
}

const sslRequest = 80877103
const gssRequest = 80877104
const cancelRequest = 80877102
const protocolMajor = 3
/** A statement longer than this is not one of the shop's. */
const maxMessageBytes = 16 * 1024 * 1024

export function createWireServer(backend: WireBackend, serverVersion: string): Server {
  const turns = new Turns(backend)
  let connections = 0
  return createServer({ noDelay: true }, (socket) => serve(socket, turns, ++connections, serverVersion))
}

function serve(socket: Socket, turns: Turns, id: number, serverVersion: string): void {
  let buffered: Buffer = Buffer.alloc(0)
  let started = false
  let session: Session | undefined
  /** Bytes of `buffered` that are whole messages still waiting for their Sync. */
  let batchEnd = 0

  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    if (!started && !handshake()) return
    readMessages()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => turns.leave(id))

  function handshake(): boolean {
    while (buffered.length >= 8) {
      const length = buffered.readInt32BE(0)
      const code = buffered.readInt32BE(4)
      if (length < 8 || length > 10_000) return refuse()
      if (buffered.length < length) return false
      const startup = buffered.toString('utf8', 8, length).split('\0')
      buffered = buffered.subarray(length)
      if (code === sslRequest || code === gssRequest) socket.write('N')
      else if (code === cancelRequest || code >>> 16 !== protocolMajor) return refuse()
      else {
        socket.write(greeting(id, serverVersion))
        started = true
        session = sessionOf(id, startup, socket.remotePort ?? 0)
        turns.join(session)
        return true
      }
    }
    return false
  }

  function readMessages(): void {
    while (buffered.length - batchEnd >= 5) {
      const type = buffered[batchEnd]
      const length = buffered.readInt32BE(batchEnd + 1)
      if (length < 4 || length > maxMessageBytes) return void refuse()
      const end = batchEnd + 1 + length
      if (buffered.length < end) return
      batchEnd = end
      if (type === 0x58) return void socket.end() // Terminate
      // Sync, Query, CopyDone and CopyFail are what the client then waits for an answer to; Flush likewise.
      if (type === 0x53 || type === 0x51 || type === 0x63 || type === 0x66 || type === 0x48) {
        const batch = buffered.subarray(0, batchEnd)
        buffered = buffered.subarray(batchEnd)
        batchEnd = 0
        turns.take(session as Session, batch, (answer) => {
          if (answer === undefined) socket.destroy()
          else if (!socket.destroyed) socket.write(answer)
        })
      }
    }
  }

  function refuse(): false {
    socket.destroy()
    return false
  }
}

/** @param startup  names and values of the startup message, in turn */
function sessionOf(id: number, startup: readonly string[], port: number): Session {
  const valueOf = (name: string): string =>
    startup[startup.findIndex((one, i) => i % 2 === 0 && one === name) + 1] ?? ''
  const now = Date.now()
  return {
    id,
    applicationName: valueOf('application_name').slice(0, 63),
    user: valueOf('user').slice(0, 63),
    port,
    startedMs: now,
    state: 'idle',
    isWaiting: false,
    changedMs: now,
    transactionMs: undefined,
    statementMs: undefined,
    messages: undefined,
  }
}

interface Turn {
  readonly id: number
  /** Undefined for what we do ourselves. */
  readonly session?: Session
  readonly messages: Uint8Array
  readonly done: (answer: Uint8Array | undefined) => void
}

class Turns {
  readonly #backend: WireBackend
  #queue: Turn[] = []
  readonly #sessions = new Map<number, Session>()
  #owner: number | undefined
  #running = false

  constructor(backend: WireBackend) {
    this.#backend = backend
  }

  join(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  take(session: Session, messages: Uint8Array, done: Turn['done']): void {
    const now = Date.now()
    Object.assign(session, { state: 'active', isWaiting: true, changedMs: now, statementMs: now, messages })
    session.transactionMs ??= now
    this.#queue.push({ id: session.id, session, messages, done })
    void this.#run()
  }

  /** A connection that goes away in the middle of a transaction has it rolled back, as a server does. */
  leave(id: number): void {
    this.#sessions.delete(id)
    this.#queue = this.#queue.filter((turn) => turn.id !== id)
    if (this.#owner === id) this.#queue.unshift({ id, messages: queryMessage('rollback'), done: () => {} })
    void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    for (;;) {
      const at = this.#owner === undefined ? 0 : this.#queue.findIndex((turn) => turn.id === this.#owner)
      const turn = this.#queue[at]
      if (turn === undefined) break
      this.#queue.splice(at, 1)
      try {
        if (turn.session !== undefined) turn.session.isWaiting = false
        if (asksForSessions(turn.messages)) {
          // The database runs in this thread: what others sent meanwhile is only now read from their sockets.
          await new Promise((resolve) => setImmediate(resolve))
          await this.#backend.exec(queryMessage(tellSessions(this.#sessions.values())))
        }
        const answer = await this.#backend.exec(turn.messages)
        this.#owner = inTransaction(answer) ? turn.id : undefined
        if (turn.session !== undefined) this.#rest(turn.session)
        turn.done(answer)
      } catch {
        this.#owner = undefined
        turn.done(undefined)
      }
    }
    this.#running = false
  }

  /** Answered: the session waits for its client, unless the client sent more meanwhile. */
  #rest(session: Session): void {
    if (this.#queue.some((turn) => turn.id === session.id)) return
    session.state = this.#owner === session.id ? 'idle in transaction' : 'idle'
    session.changedMs = Date.now()
    if (session.state === 'idle') session.transactionMs = undefined
  }
}

/** The last message of an answer is ReadyForQuery with the state of the transaction, unless a COPY or a Flush goes on. */
function inTransaction(answer: Uint8Array): boolean {
  const length = answer.length
  const ready = length >= 6 && answer[length - 6] === 0x5a && answer[length - 2] === 5
  return !ready || answer[length - 1] !== 0x49
}

function greeting(id: number, serverVersion: string): Buffer {
  const parameters = { server_version: serverVersion, server_encoding: 'UTF8', client_encoding: 'UTF8' }
  const fixed = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', integer_datetimes: 'on', standard_conforming_strings: 'on' }
  const key = Buffer.alloc(8)
  key.writeInt32BE(id, 0)
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries({ ...parameters, ...fixed }).map(([name, value]) =>
      message('S', Buffer.from(`${name}\0${value}\0`)),
    ),
    message('K', key),
    message('Z', Buffer.from('I')),
  ])
}

function queryMessage(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`))
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
