/**
 * All that a record tells, as columns over time: what rules, correlation and the analysis by test type read. Bins are
 * whole seconds from the start of the load, coarser for long runs.
 */
import type {
  Endpoint,
  FailureKind,
  LoadColumns,
  Missing,
  RecordEvent,
  RequestColumns,
  RequestTotals,
  RunFile,
} from '#record/index.js'
import type { ObservedTable } from './observed-table.js'
import type { ProfileRef } from './profile-refs.js'

export type { Endpoint, FailureKind, LoadColumns, RequestColumns, RequestTotals }

export interface Evidence {
  readonly run: RunFile
  /** The record's folder. */
  readonly dir: string
  readonly durationS: number
  /** Length of a bin in whole seconds: 1 up to 34 minutes. */
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

export interface TimedEvent extends RecordEvent {
  /** Seconds since the start of the load, negative before it. */
  readonly atS: number
}
