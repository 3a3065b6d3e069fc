/**
 * The transport below `k6/http`: one request out, one answer in, on raw sockets. No cookies, no redirects, no
 * authentication, no content decoding: those are `modules/http`. Callback, not promise, because this is the hot path.
 */
import type { SecureContext } from 'node:tls'
import type { Cancel } from '#base/clock.js'
import type { DialEvents } from './dialer.js'

/** A parsed, cached target. Made once per distinct URL string by `parseTarget` and shared by every VU. */
export interface Target {
  readonly secure: boolean
  /** Name or literal address, without brackets, lower case. */
  readonly host: string
  readonly port: number
  /** What goes into the Host header. */
  readonly hostHeader: string
  /** Path and query, ready for the request line. */
  readonly path: string
  /** Pool key: scheme, host, port (and unix path). */
  readonly origin: string
  /** `unix:///run/app.sock:/path` targets. */
  readonly socketPath: string | undefined
  /** The transport's own note on the last answer of this target; nobody else touches it. */
  memo?: unknown
}

export interface WireRequest {
  readonly target: Target
  readonly method: string
  /** Complete header block after the request line, every line ending in CRLF, without the blank line; made and
   * checked by `modules/http/headers.ts`; one character a byte. */
  readonly headerBlock: string
  readonly body: Uint8Array | string | undefined
  readonly timeoutMs: number
  /** Do not keep the body, only count it. */
  readonly discardBody: boolean
}

export interface WireResponse {
  /** 0 when there was no answer. */
  status: number
  /** Go's `Status` and k6's `status_text`: code and reason, '200 OK'. */
  statusText: string
  /** 'HTTP/1.0' | 'HTTP/1.1'. */
  proto: string
  /**
   * name, value, name, value ... in the order and case received, without what Go's net/http takes out of a response
   * (Transfer-Encoding; Content-Length and Trailer of a chunked one; Connection when it says close).
   * May be one array for many responses: equal identity means equal content. Never modify it.
   */
  rawHeaders: readonly string[]
  /** `undefined` when discarded, when there is none, and when it stands in `bodyLatin1`; see `bodyBytes`. */
  body: Buffer | undefined
  /** A short body, one byte a character. */
  bodyLatin1?: string | undefined
  /** Milliseconds, k6's phases. */
  blocked: number
  connecting: number
  tlsHandshaking: number
  sending: number
  waiting: number
  receiving: number
  /** Bytes on the wire below TLS, headers included. */
  bytesSent: number
  bytesReceived: number
  remoteIp: string
  remotePort: number
  tlsVersion: string
  tlsCipherSuite: string
  /** k6's error code (1000..1799) and its words (`res.error`, the `error` tag); 0 and '' when there was none. */
  errorCode: number
  error: string
  /**
   * Go's own words for the same error, which k6 logs ("Request Failed") and throws. When `errorInBody` is false k6 puts
   * `Get "URL": ` before them, method in title case, URL of the hop.
   */
  errorDetail: string
  /** The error came while the body was read, after a good header block. */
  errorInBody: boolean
}

/** The body as bytes. */
export function bodyBytes({ body, bodyLatin1 }: WireResponse): Buffer | undefined {
  return bodyLatin1 === undefined ? body : Buffer.from(bodyLatin1, 'latin1')
}

/** The connections of one VU. */
export interface Connections {
  /** Calls `done` exactly once, never from inside `send`. The result aborts: `done` then gets k6's 1000-family error. */
  send(request: WireRequest, done: (response: WireResponse) => void): Cancel
  /** As `send`, for a caller that keeps what it needs to abort: no closure is made. */
  start(request: WireRequest, done: (response: WireResponse) => void): Sending
  /** A connection of its own for a protocol that is not HTTP's request and answer; the caller owns its socket. */
  dial(target: Target, events: DialEvents, how?: DialOptions): void
  /** Plain sockets may be used below their streams (direct-socket.ts). */
  readonly direct: boolean
  /** An HTTP/1.1 connection is closed after so many requests; undefined = when the server or the end of the VU closes it. */
  maxRequests?: number
  /** Closes idle connections (end of an iteration with `noVUConnectionReuse`). */
  closeIdle(): void
  close(): void
}

/** A request under way. */
export interface Sending {
  /** To be read right after `start`, and given to `cancel`: the thing serves other requests later. */
  readonly sequence: number
  cancel(sequence: number): void
}

export interface DialOptions {
  /** Through a proxy by CONNECT even without TLS, as WebSocket needs it (RFC 6455, 4.1). */
  readonly tunnel?: boolean
  /** Through no proxy, whatever the environment says. */
  readonly direct?: boolean
  /** Protocols offered in the TLS handshake; `http/1.1` when left out. */
  readonly alpn?: readonly string[]
  /** Certificates of its own instead of the run's; see `customContext`. */
  readonly secureContext?: SecureContext
  /** The name that the certificate must be for, when it is not the target's host. */
  readonly serverName?: string
}
