/** One request and its answer on a stream; tried again on another connection where Go's client does. */
import { nowMs } from '#base/clock.js'
import { canceled, type Fault, fault, requestTimeout } from '../http1/faults.js'
import type { Timed, TimeoutList } from '../http1/timeouts.js'
import type { Shared } from '../http1/transport.js'
import type { Sending, WireRequest, WireResponse } from '../http1/types.js'
import { Body } from './body.js'
import type { Carrier } from './carrier.js'
import { isRetriable, lossFault, resetFault, shutDown } from './faults.js'
import { requestFields } from './request-fields.js'
import { type ResponseHead, responseHead } from './response-head.js'
import { type Fields, h2Code, type Http2Stream, type Loss, type StreamListener } from './types.js'

type Done = (response: WireResponse) => void

export interface ExchangeOwner {
  readonly shared: Shared
  /** Finds or makes another connection for it. */
  place(exchange: Http2Exchange): void
  /** The exchange is over and its stream closed. */
  over(carrier: Carrier): void
}

/** Go waits 1, 2, 4 ... seconds before every try but the first two, and gives up after the seventh. */
const maxRetries = 6

export class Http2Exchange implements Timed, StreamListener, Sending {
  /** An exchange serves one request. */
  readonly sequence = 0
  dueMs = 0
  timeoutPrev: Timed | undefined = undefined
  timeoutNext: Timed | undefined = undefined
  timeoutList: TimeoutList | undefined = undefined
  readonly request: WireRequest
  readonly beganMs: number
  readonly #owner: ExchangeOwner
  #done: Done | undefined
  #carrier: Carrier | undefined = undefined
  #stream: Http2Stream | undefined = undefined
  #head: ResponseHead | undefined = undefined
  #body: Body | undefined = undefined
  /** A short body that came in one piece. */
  #text: string | undefined = undefined
  #bodyBytes = 0
  /** Tries so far that came to nothing. */
  attempts: number
  #pause: Pause | undefined = undefined
  #fresh = false
  #getConnMs: number
  #gotConnMs = 0
  #sentMs = 0
  #firstByteMs = 0
  /** Where it went when the server turned out to speak HTTP/1. */
  #successor: Sending | undefined = undefined
  #successorSequence = 0

  constructor(owner: ExchangeOwner, request: WireRequest, done: Done, beganMs: number, attempts: number) {
    this.attempts = attempts
    this.#owner = owner
    this.request = request
    this.#done = done
    this.beganMs = beganMs
    this.#getConnMs = beganMs
    owner.shared.timeouts.add(this, beganMs, request.timeoutMs)
  }

  get isOver(): boolean {
    return this.#done === undefined
  }

  /** Hands the request to HTTP/1. */
  leave(take: (done: Done) => Sending): void {
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    this.#owner.shared.timeouts.remove(this)
    this.#successor = take(done)
    this.#successorSequence = this.#successor.sequence
  }

  /** @param fresh  the connection was made for this request */
  begin(carrier: Carrier, fresh: boolean): void {
    const { request } = this
    this.#carrier = carrier
    this.#fresh = fresh
    carrier.served++
    this.#gotConnMs = fresh ? carrier.opening.gotConnMs : nowMs()
    this.#sentMs = 0
    this.#firstByteMs = 0
    this.#head = undefined
    const { fields, fault: problem, close, emptyBody } = requestFields(request)
    if (problem !== '') {
      process.nextTick(() => this.#fail(fault(1000, problem, `http2: ${problem}`), false))
      return
    }
    if (close || !this.#owner.shared.keepAlive) carrier.singleUse = true
    const { body } = request
    if (emptyBody || body === undefined || body.length === 0) {
      this.#stream = carrier.session.open(fields, undefined, !emptyBody, this)
      if (emptyBody) this.#stream.end()
    } else this.#stream = carrier.session.open(fields, bytesOf(body), true, this)
    // Of a long body `onDrain` says when it has gone.
    this.#sentMs = nowMs()
  }

  cancel(): void {
    if (this.#done !== undefined) this.#giveUp(canceled)
    else this.#successor?.cancel(this.#successorSequence)
  }

  onTimeout(): void {
    this.#giveUp(requestTimeout)
  }

  onDrain(): void {
    this.#sentMs = nowMs()
  }

  onHeaders(fields: Fields, end: boolean): void {
    // Trailers: k6 shows none.
    if (this.#head !== undefined) return this.#complete()
    this.#firstByteMs = nowMs()
    const head = responseHead(fields)
    if (head.fault !== '') {
      this.#stream?.reset(h2Code.protocolError)
      const refused = head.refused && this.#stream !== undefined
      return this.#fail(
        refused
          ? resetFault((this.#stream as Http2Stream).id, h2Code.protocolError, head.fault)
          : fault(1000, head.fault),
        false,
      )
    }
    this.#head = head
    if (!end) return
    if (head.contentLength > 0 && this.#hasBody(head)) this.#fail(fault(1000, 'unexpected EOF'), true)
    else this.#complete()
  }

  onData(chunk: Buffer, end: boolean): void {
    const head = this.#head as ResponseHead
    const { length } = chunk
    if (length > 0) {
      if (this.request.method === 'HEAD') {
        this.#stream?.reset(h2Code.protocolError)
        return this.#fail(resetFault(this.#stream?.id ?? 0, h2Code.protocolError, ''), true)
      }
      this.#bodyBytes += length
      if (head.contentLength >= 0 && this.#bodyBytes > head.contentLength) {
        this.#stream?.reset(h2Code.protocolError)
        const cause = 'net/http: server replied with more than declared Content-Length; truncated'
        return this.#fail(fault(1000, cause), true)
      }
      if (end && length <= maxTextBytes && this.#body === undefined && !this.request.discardBody) {
        this.#text = (chunk as Latin1Buffer).latin1Slice(0, length)
      } else if (!this.request.discardBody) {
        this.#body ??= new Body(this.#owner.shared.budget)
        const problem = this.#body.add(chunk)
        if (problem !== '') {
          this.#stream?.reset(h2Code.cancel)
          return this.#fail(fault(1000, problem), true)
        }
      }
    }
    if (!end) return
    if (this.#bodyBytes < head.contentLength && this.#hasBody(head)) this.#fail(fault(1000, 'unexpected EOF'), true)
    else this.#complete()
  }

  onReset(errorCode: number, fromPeer: boolean, cause: string): void {
    if (this.#head === undefined && isRetriable(errorCode, fromPeer) && this.#retry()) return
    this.#fail(resetFault(this.#stream?.id ?? 0, errorCode, cause), this.#head !== undefined)
  }

  onLost(loss: Loss, unprocessed: boolean): void {
    if (unprocessed && this.#retry()) return
    const carrier = this.#carrier as Carrier
    const problem = unprocessed && loss.kind === 'goaway' ? shutDown : lossFault(loss, carrier.addresses)
    this.#fail(problem, this.#head !== undefined)
  }

  #hasBody({ status }: ResponseHead): boolean {
    return this.request.method !== 'HEAD' && status !== 204 && status !== 304
  }

  #retry(): boolean {
    const attempt = this.attempts++
    if (attempt > maxRetries || this.#done === undefined) return false
    this.#carrier = undefined
    this.#stream = undefined
    const again = (): void => {
      this.#pause = undefined
      if (this.#done === undefined) return
      this.#getConnMs = nowMs()
      this.#owner.place(this)
    }
    if (attempt === 0) process.nextTick(again)
    else {
      // A tenth more or less, so that those refused together do not come back together.
      const waitMs = 2 ** (attempt - 1) * (1000 + 10 * Math.floor((this.beganMs * 997) % 10))
      this.#pause = new Pause(again)
      this.#owner.shared.timeouts.add(this.#pause, nowMs(), waitMs)
    }
    return true
  }

  #giveUp(problem: Fault): void {
    this.#stream?.reset(h2Code.cancel)
    this.#fail(problem, this.#head !== undefined)
  }

  #complete(): void {
    const head = this.#head as ResponseHead
    const body = this.#body?.take()
    this.#body = undefined
    this.#finish(head, body, undefined, false)
  }

  #fail(problem: Fault, inBody: boolean): void {
    const partial = this.#body?.take()
    this.#body = undefined
    const text = this.#text === undefined ? undefined : Buffer.from(this.#text, 'latin1')
    const body = inBody && !this.request.discardBody ? (partial ?? text ?? Buffer.alloc(0)) : undefined
    this.#finish(undefined, body, problem, inBody)
  }

  #finish(
    head: ResponseHead | undefined,
    body: Buffer | undefined,
    problem: Fault | undefined,
    errorInBody: boolean,
  ): void {
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    if (this.#pause !== undefined) this.#owner.shared.timeouts.remove(this.#pause)
    this.#owner.shared.timeouts.remove(this)
    const now = nowMs()
    const carrier = this.#carrier
    const opening = carrier?.opening
    const answered = head !== undefined
    const opened = this.#fresh ? opening : undefined
    const startMs = opened === undefined ? this.#gotConnMs : opened.tlsDoneMs || opened.connectDoneMs
    const response: WireResponse = {
      status: answered ? head.status : 0,
      statusText: answered ? head.statusText : '',
      proto: answered ? 'HTTP/2.0' : '',
      rawHeaders: answered ? head.rawHeaders : none,
      body,
      bodyLatin1: answered ? this.#text : undefined,
      blocked: this.#gotConnMs > 0 ? Math.max(0, this.#gotConnMs - this.#getConnMs) : 0,
      connecting: opened === undefined ? 0 : opened.connectDoneMs - opened.connectStartMs,
      tlsHandshaking: opened === undefined ? 0 : opened.tlsDoneMs - opened.tlsStartMs,
      sending: this.#sentMs === 0 ? 0 : Math.max(0, this.#sentMs - startMs),
      waiting: this.#waiting(now),
      receiving: this.#firstByteMs > 0 ? now - this.#firstByteMs : 0,
      bytesSent: carrier?.takeSent() ?? 0,
      bytesReceived: carrier?.takeReceived() ?? 0,
      remoteIp: opening?.remoteIp ?? '',
      remotePort: opening?.remotePort ?? 0,
      tlsVersion: answered ? (opening?.tlsVersion ?? '') : '',
      tlsCipherSuite: answered ? (opening?.tlsCipherSuite ?? '') : '',
      errorCode: problem?.code ?? 0,
      error: problem?.error ?? '',
      errorDetail: problem?.detail ?? '',
      errorInBody,
    }
    if (carrier !== undefined) this.#owner.over(carrier)
    done(response)
  }

  #waiting(now: number): number {
    if (this.#sentMs === 0) return 0
    if (this.#firstByteMs === 0) return now - this.#sentMs
    return Math.max(0, this.#firstByteMs - this.#sentMs)
  }
}

/** Until the next try. */
class Pause implements Timed {
  dueMs = 0
  timeoutPrev: Timed | undefined = undefined
  timeoutNext: Timed | undefined = undefined
  timeoutList: TimeoutList | undefined = undefined
  readonly onTimeout: () => void

  constructor(over: () => void) {
    this.onTimeout = over
  }
}

const none: readonly string[] = []
/** As HTTP/1's. */
const maxTextBytes = 4096

interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

function bytesOf(body: Uint8Array | string): Buffer {
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
