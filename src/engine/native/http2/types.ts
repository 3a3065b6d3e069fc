/**
 * An HTTP/2 connection of a client (RFC 9113), over a socket that somebody else has opened: TLS with ALPN `h2`, or plain
 * with prior knowledge. `k6/http` and gRPC stand on it. Callbacks, not promises: this is the hot path.
 */
import type { Socket } from 'node:net'

/** Names and values in turn; names in lower case, pseudo headers first. */
export type Fields = readonly string[]

/** Hears of one stream. After `onEnd`, `onReset`, `onLost`, or `onHeaders` with `end`, nothing more. */
export interface StreamListener {
  /**
   * The answer's header block (`:status` first) and, after it, trailers (no pseudo header); informational ones (1xx) are
   * left out. Equal identity means equal content; never modify it.
   */
  onHeaders(fields: Fields, end: boolean): void
  /** `chunk` is valid until this returns. The window is given back by the session. */
  onData(chunk: Buffer, end: boolean): void
  /** The stream is over: the peer reset it, or what it sent was no HTTP (`fromPeer` false). */
  onReset(errorCode: number, fromPeer: boolean, cause: string): void
  /** The connection is gone; `unprocessed` = the server surely has not seen the stream. */
  onLost(loss: Loss, unprocessed: boolean): void
  /** All that was given to `write` has gone into the socket's buffer: time for more. */
  onDrain?(): void
}

/** Why a connection ended. */
export interface Loss {
  readonly kind: 'goaway' | 'connection error' | 'socket' | 'closed'
  /** RFC 9113, section 7; 0 when there is none. */
  readonly errorCode: number
  /** Of a GOAWAY, its debug data; of our own error, what was wrong. */
  readonly text: string
  readonly lastStreamId: number
  /** Of the socket. */
  readonly error: Error | undefined
}

export interface Http2Stream {
  readonly id: number
  /**
   * Sends bytes as the peer's windows and the socket allow; what does not fit is kept by reference, not copied.
   * @param end  half-closes the stream
   * @returns  false when something is still waiting: `onDrain` then says when it has gone
   */
  write(bytes: Buffer, end: boolean): boolean
  /** Half-closes with nothing more to say. */
  end(): void
  /** Gives the stream up (RST_STREAM); its listener hears nothing more. */
  reset(errorCode: number): void
}

export interface Http2Session {
  /** No stream may be opened any more: closed, told to go away, or out of stream ids. */
  readonly isClosing: boolean
  /** Streams under way. */
  readonly active: number
  /** The peer's SETTINGS_MAX_CONCURRENT_STREAMS; 100 until its settings came, as in Go. */
  readonly maxStreams: number
  /** Bytes on the wire, below TLS. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /**
   * Opens a stream, whatever `maxStreams` says: that is for the caller to look at.
   * @param fields  with the pseudo headers
   * @param body  the beginning of what is sent, in one write with the head
   * @param end  nothing follows `body`
   */
  open(fields: Fields, body: Buffer | undefined, end: boolean, listener: StreamListener): Http2Stream
  /** Ends at once, with GOAWAY; streams under way hear `onLost`. */
  close(): void
}

/** Hears of the connection as a whole. */
export interface SessionEvents {
  /** The peer's first SETTINGS are in. */
  ready?(): void
  /** No new streams from now on. Comes once, before the streams hear of it. */
  closing?(loss: Loss): void
  /** A stream ended, or the peer allows more of them: another may be opened. */
  room?(): void
}

export interface SessionOptions {
  /** As the dialer gives them (`DialEvents.opened`). */
  readonly socket: Socket
  readonly raw: Socket
  readonly tunnelled: boolean
  /** `Connections.direct`. */
  readonly direct: boolean
  readonly events: SessionEvents
  /** `maxStreams` where the peer's settings name none; 1000 by default, as in Go's `net/http`. */
  readonly unnamedMaxStreams?: number
}

/** Error codes, RFC 9113, section 7. */
export const h2Code = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
} as const
