/** A session with what `k6/http` shows of its connection. */
import type { Socket } from 'node:net'
import { openSession } from './session.js'
import type { Http2Session, Loss } from './types.js'

/** What was measured and learned while the connection was made. */
export interface Opening {
  readonly socket: Socket
  readonly raw: Socket
  readonly tunnelled: boolean
  readonly connectStartMs: number
  readonly connectDoneMs: number
  readonly tlsStartMs: number
  readonly tlsDoneMs: number
  readonly gotConnMs: number
  readonly local: string
  readonly remoteIp: string
  readonly remotePort: number
  readonly tlsVersion: string
  readonly tlsCipherSuite: string
}

export class Carrier {
  readonly opening: Opening
  readonly session: Http2Session
  /** Serves one request only. */
  singleUse = false
  /** Requests begun on it. */
  served = 0
  #sent = 0
  #received = 0

  constructor(opening: Opening, direct: boolean, closing: (loss: Loss) => void) {
    this.opening = opening
    const { socket, raw, tunnelled } = opening
    this.session = openSession({ socket, raw, tunnelled, direct, events: { closing } })
  }

  get hasRoom(): boolean {
    const { session } = this
    return !session.isClosing && !this.singleUse && session.active < session.maxStreams
  }

  get addresses(): { readonly local: string; readonly remote: string } {
    const { local, remoteIp, remotePort } = this.opening
    return { local, remote: `${remoteIp.includes(':') ? `[${remoteIp}]` : remoteIp}:${remotePort}` }
  }

  /** Bytes on the wire since the last time: streams share them, so a request that ends takes what went over meanwhile. */
  takeSent(): number {
    const bytes = this.session.bytesSent - this.#sent
    this.#sent += bytes
    return bytes
  }

  takeReceived(): number {
    const bytes = this.session.bytesReceived - this.#received
    this.#received += bytes
    return bytes
  }
}
