/** What a wire proxy sees of the talk between a target and its database, the same for every protocol. */

export type WireProtocol = 'postgres' | 'mysql' | 'redis' | 'mongodb'

/** One statement or command and its answer. */
export interface Exchange {
  readonly protocol: WireProtocol
  /** Of the database as the target names it: `127.0.0.1:5432`. */
  readonly server: string
  /** Counts the connections of the proxy from 1. */
  readonly connection: number
  /** When its last byte went to the server, and when the answer's last byte came; monotonic milliseconds. */
  readonly startMs: number
  readonly endMs: number
  /** As sent, bounded: SQL with its literals, or `GET cart:1`. Kept in memory only; into records goes `family`. */
  readonly text: string
  /** The statement without literals: one text for all calls of a loop. */
  readonly family: string
  /** Parameters of an extended or prepared statement in text form; null is NULL, undefined cannot be read (binary). */
  readonly params: readonly (string | null | undefined)[]
  /** Salted hash of literals and parameters: equal hashes in one family are the same question asked again. */
  readonly paramsHash: string
  readonly rows: number
  /** Of the answer. */
  readonly bytes: number
  /** Hash of the answer's bytes: equal hashes are the same answer. */
  readonly answerHash: string
  /** The server's words when it refused. */
  readonly error: string | undefined
  /** In a transaction that was begun and not ended, when the answer came. */
  readonly inTransaction: boolean
  /** From a comment in the statement (sqlcommenter): `00-<32 hex>-<16 hex>-01`. */
  readonly traceparent: string | undefined
}
