/** What a pass over the load of a run leaves behind: columns over time and totals, instead of every row. */
import type { MetricSink } from '#metrics/index.js'
import type { Sketch } from '#stats/index.js'
import type { SeriesTotal } from '../merger.js'

/** A number for each bin; NaN where nothing was measured, which is not 0. */
export type Column = Float64Array

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
  readonly body: BodyTotals | undefined
}

export interface BodyTotals {
  readonly count: number
  readonly bytes: number
  readonly min: number
  readonly max: number
}

/** How requests failed at one endpoint. */
export interface FailureWay {
  readonly endpoint: string
  /** `503`; '' or `0` when no answer came. */
  readonly status: string
  /** k6's error code, '' when there was none. */
  readonly errorCode: string
  readonly error: string
}

/** Requests that failed in one way at one endpoint. */
export interface FailureKind extends FailureWay {
  readonly count: number
  readonly perS: Column
}

/** Totals of the run by what reports tell apart. */
export interface RunParts {
  /** By method, name and URL. */
  readonly endpoints: readonly SeriesTotal[]
  readonly scenarios: readonly SeriesTotal[]
  readonly groups: readonly SeriesTotal[]
  /** `http_req_failed` by status, error and error code. */
  readonly failures: readonly SeriesTotal[]
  /** Every metric as a whole. */
  readonly whole: readonly SeriesTotal[]
}

/** Stretches of equal length from a moment on, each with what a threshold's metric and tags had in it. */
export interface ObjectiveParts {
  readonly metric: SeriesTotal['metric']
  readonly sinks: readonly MetricSink[]
}

export interface LoadDigest {
  /** Length of a bin in whole seconds, a power of two: 1 up to 34 minutes. */
  readonly binS: number
  readonly binCount: number
  readonly columns: LoadColumns
  readonly endpoints: readonly Endpoint[]
  readonly failures: readonly FailureKind[]
  /** Of each bin: `[eighths of octaves above 1 ms, requests, ...]` by `http_req_duration`. */
  readonly heat: readonly (readonly number[])[]
  readonly parts: RunParts
  /** By `objectiveKey`. */
  readonly objectives: ReadonlyMap<string, ObjectiveParts>
  /** Wall clock at the start of the load, milliseconds; undefined without windows. */
  readonly startUnixMs: number | undefined
}

/** Bins of a run at most. */
export const MAX_BINS = 2048

/** @returns  in seconds: the smallest power of two that a run of this length fits with. Powers, so that bins nest. */
export function binSecondsOf(durationNs: number): number {
  let binS = 1
  while (Math.ceil(durationNs / 1e9 / binS) > MAX_BINS) binS *= 2
  return binS
}

export function binCountOf(durationNs: number, binS: number): number {
  return Math.max(1, Math.ceil(durationNs / 1e9 / binS))
}
