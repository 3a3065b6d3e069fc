/**
 * Collectors: each reads one thing beside the load, once a second, on the run's clock. A collector that fails becomes an
 * entry in the record (`collector` event) and never ends a run; what it costs is measured and recorded.
 */
import type { Clock } from '#base/clock.js'
import type { Readings } from '#record/observed.js'

export interface Collector {
  /** Part of the record: `observed/<part>/`. One of the names in `catalogue.ts`, with `-2`, `-3` for more of a kind. */
  readonly part: string
  /** What it watches, for people: `PostgreSQL 15.4 at 127.0.0.1:5432`. */
  readonly describes: string
  /** True when it costs the target more than the always-on budget: it runs only where asked for. */
  readonly costly: boolean
  /** Connects and takes the first reading, from which differences are built. @throws PerfwrightError PW_OBSERVE_* */
  open(context: CollectorContext): Promise<void>
  /** Readings of the time since the last call. Called once a second; a call that is still out is not repeated. */
  read(): Promise<Readings>
  /**
   * Of the last `read`: readings for other parts that the same source tells of. The Prometheus endpoint of a Go program
   * fills `go`, that of a Node program `node`. Where a collector of its own writes that part, it wins.
   */
  also?(): Readonly<Record<string, Readings>>
  /** What it costs the thing that it watches, per second of watching (`statementsPerS`, `targetMsPerS`), for its events. */
  cost?(): Readonly<Record<string, number>>
  /** Ends it; facts that are only known now go out as events before. */
  close(): Promise<void>
}

export interface CollectorContext {
  readonly clock: Clock
  /** Notes what is no number: statement texts, versions, slow-log entries. Bounded by the record. */
  event(type: string, detail: Readonly<Record<string, unknown>>): void
  readonly signal: AbortSignal
}
