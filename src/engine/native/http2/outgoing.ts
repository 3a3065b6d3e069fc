/** What a stream still has to send, and its share of flow control. */
import type { StreamListener } from './types.js'

/** Bytes of a stream's window for what comes in: ours to announce. As Go's client. */
export const streamWindow = 4_194_304

export class StreamState {
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

  constructor(id: number, listener: StreamListener, sendWindow: number) {
    this.id = id
    this.listener = listener
    this.sendWindow = sendWindow
  }

  get hasWaiting(): boolean {
    return this.waiting.length > 0 || this.waitingEnd
  }
}
