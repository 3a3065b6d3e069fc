/** A stream: its listener, what it still has to send, and its share of flow control. */
import type { Http2Stream, StreamListener } from './types.js'

/** Bytes of a stream's window for what comes in: ours to announce. As Go's client. */
export const streamWindow = 4_194_304

/** The session, as a stream sees it. */
export interface StreamOwner {
  write(stream: StreamState, bytes: Buffer | undefined, end: boolean): boolean
  reset(stream: StreamState, errorCode: number): void
}

/** The caller's handle and the session's state in one: a request costs one object. */
export class StreamState implements Http2Stream {
  readonly id: number
  /** Undefined = nobody listens any more. */
  listener: StreamListener | undefined
  sendWindow: number
  receiveWindow: number = streamWindow
  /** What waits for a window or for the socket. */
  readonly waiting: Buffer[] = []
  waitingEnd = false
  /** We have sent END_STREAM. */
  localClosed = false
  /** The answer's header block has come. */
  answered = false
  readonly #owner: StreamOwner

  constructor(owner: StreamOwner, id: number, listener: StreamListener, sendWindow: number) {
    this.#owner = owner
    this.id = id
    this.listener = listener
    this.sendWindow = sendWindow
  }

  get hasWaiting(): boolean {
    return this.waiting.length > 0 || this.waitingEnd
  }

  write(bytes: Buffer, end: boolean): boolean {
    return this.#owner.write(this, bytes, end)
  }

  end(): void {
    this.#owner.write(this, undefined, true)
  }

  reset(errorCode: number): void {
    this.#owner.reset(this, errorCode)
  }
}
