/**
 * All that a record tells, as columns over time: what rules, correlation and the analysis by test type read. Bins are
 * whole seconds from the start of the load, coarser for long runs.
 */
import type { Missing, RecordEvent, RunFile } from '#record/index.js'
import type { Sketch } from '#stats/index.js'
import type { Column } from './grid.js'
import type { ObservedTable } from './observed-table.js'
import type { ProfileRef } from './profile-refs.js'

export interface Evidence {
  readonly run: RunFile
  /** The record's folder. */
  readonly dir: string
  readonly durationS: number
  /** Length of a bin in whole seconds: 1 up to half an hour. */
  readonly binS: number
  /** Length of every column: bin `i` is the stretch from `i * binS` to `(i + 1) * binS` seconds. */
  readonly binCount: number
  readonly load: LoadColumns
  /** Those with most time spent in them first; beyond the bound they stand together as `(other)`. */
  readonly endpoints: readonly Endpoint[]
  readonly failures: readonly FailureKind[]
  readonly observed: ObservedTable
  /** In the order in which they came. */
  readonly events: readonly TimedEvent[]
  readonly profiles: readonly ProfileRef[]
  /** What the record lacks, and why. */
  readonly missing: readonly Missing[]
}

export interface RequestColumns {
  /** 0 where the run went on and nothing was sent. */
  readonly requestsPerS: Column
  readonly failedPerS: Column
  /** `http_req_duration` (gRPC: `grpc_req_duration`) of all requests that ended in the bin. */
  readonly p50Ms: Column
  readonly p95Ms: Column
  readonly p99Ms: Column
  readonly meanMs: Column
  /** Mean time to the first byte, and of the body behind it. */
  readonly waitingMs: Column
  readonly receivingMs: Column
  /** Mean time before the request could be sent: waiting for a connection, TCP and TLS handshakes. */
  readonly connectingMs: Column
  /** Mean bytes of a response's body as they came over the wire; all NaN in records before it was measured. */
  readonly bodyBytes: Column
}

/** Everything together. */
export interface LoadColumns extends RequestColumns {
  /** Requests in flight by Little's law: time spent in requests that ended in the bin, over the bin. */
  readonly inFlight: Column
  readonly vus: Column
  readonly iterationsPerS: Column
  readonly iterationMs: Column
  /** Arrivals that found no free VU. */
  readonly droppedPerS: Column
  /** Mean lateness of iterations that had an intended start. */
  readonly startLagMs: Column
  readonly receivedBytesPerS: Column
  readonly sentBytesPerS: Column
  readonly checksFailedPerS: Column
}

export interface Endpoint {
  /** `GET /orders` */
  readonly name: string
  readonly columns: RequestColumns
  readonly total: RequestTotals
}

export interface RequestTotals {
  readonly requests: number
  readonly failed: number
  /** Of `http_req_duration`, milliseconds. */
  readonly latency: Sketch
  /** Bodies of responses; undefined where it was not measured. */
  readonly body:
    | { readonly count: number; readonly bytes: number; readonly min: number; readonly max: number }
    | undefined
}

/** Requests that failed in one way at one endpoint. */
export interface FailureKind {
  readonly endpoint: string
  /** `503`; '' or `0` when no answer came. */
  readonly status: string
  /** k6's error code, '' when there was none. */
  readonly errorCode: string
  readonly error: string
  readonly count: number
  readonly perS: Column
}

export interface TimedEvent extends RecordEvent {
  /** Seconds since the start of the load, negative before it. */
  readonly atS: number
}
