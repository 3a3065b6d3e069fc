/** What a gRPC call needs of an HTTP/2 connection. */

export interface SessionStream {
  /** Sends bytes; `end` half-closes the stream. */
  write(bytes: Buffer, end: boolean): void
  /** Half-closes it with nothing more to say. */
  end(): void
  /** Gives the stream up (RST_STREAM, CANCEL); its listener hears nothing more. */
  cancel(): void
}

/** Hears of one stream. After `onEnd`, `onReset` or `onLost` nothing more. */
export interface StreamListener {
  /** Names and values in turn, `:status` first; `end` when the stream ends with them. */
  onHeaders(fields: readonly string[], end: boolean): void
  /** `chunk` is valid until this returns. */
  onData(chunk: Buffer): void
  /** The peer ended the stream after data, without trailers. */
  onEnd(): void
  onReset(errorCode: number): void
  /** The connection is gone; `unprocessed` = the server surely has not seen the stream. */
  onLost(reason: string, unprocessed: boolean): void
}

export interface Session {
  /** No new stream may be opened: closed, or told to go away. */
  readonly isClosing: boolean
  /**
   * Opens a stream.
   * @param headers  names and values in turn, without the pseudo headers; the same array again means the same headers
   * @param extra  more of them, which differ from call to call
   * @param body  sent at once, with END_STREAM, in one write with the head
   */
  open(
    path: string,
    headers: readonly string[],
    extra: readonly string[],
    body: Buffer | undefined,
    listener: StreamListener,
  ): SessionStream
  /** Closes at once; streams under way hear `onLost`. */
  close(): void
}

/** Hears of the connection as a whole. */
export interface SessionEvents {
  /** The peer's first SETTINGS are in. */
  ready(): void
  /** No new streams from now on (GOAWAY, or the connection is gone). Comes once. */
  closing(reason: string): void
}
