/** What the proxy asks of a protocol: look at the bytes of both sides of one connection and tell each exchange. */
import type { Exchange, WireProtocol } from './types.js'

export interface WireReader {
  /**
   * Bytes of the client, before they go on. They go on as they are unless it answers otherwise; only the opening of a
   * connection may be changed, to ask for no encryption and no packing.
   * @throws any error: the connection is then passed through unread, and counted
   */
  client(chunk: Buffer, nowMs: number): Opening | undefined
  /** As `client`, of the server's bytes. */
  server(chunk: Buffer, nowMs: number): Opening | undefined
  /** The connection is over. */
  ended?(): void
}

export interface Opening {
  /** Goes on in place of the chunk. */
  readonly forward: Buffer
  /** Goes back to whom it came from. */
  readonly reply?: Buffer
}

/** An exchange without what the proxy knows by itself. */
export type ReadExchange = Omit<Exchange, 'server' | 'connection' | 'protocol'>

export interface ReaderPorts {
  readonly tell: (exchange: ReadExchange) => void
  /** Once for each thing that cannot be read and why. */
  readonly unread: (why: string) => void
  /** Hash of literals and parameters with this run's salt. */
  readonly hash: (parts: readonly (string | null | undefined)[]) => string
}

export type ReaderFactory = (ports: ReaderPorts) => WireReader

export type Readers = Readonly<Record<WireProtocol, ReaderFactory>>
