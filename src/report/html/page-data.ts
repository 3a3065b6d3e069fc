/** What the report page holds: plain data, short enough that a page of an hour and 200 endpoints stays below 5 MB. */
import type { Analysis } from '#record/analysis.js'
import type { Finding } from '#record/findings.js'
import type { MetricTotal } from '#record/types.js'
import type { Executive } from '../executive-types.js'
import type { PartRow } from '../part-row.js'
import type { PageWord } from '../words/types.js'

/** A number for each bin, in three significant digits; null where nothing was measured. */
export type Series = readonly (number | null)[]

export interface PageData {
  readonly language: string
  readonly locale: string
  readonly words: Readonly<Record<PageWord, string>>
  readonly title: string
  readonly verdict: { readonly text: string; readonly state: 'good' | 'bad' | 'unknown' }
  readonly testType: string
  readonly subtitle: string
  readonly executive: Executive
  readonly findings: readonly (Pick<
    Finding,
    'severity' | 'confidence' | 'where' | 'evidence' | 'prove' | 'share' | 'kind'
  > & {
    readonly title: string
    readonly fix: string
    readonly severityText: string
  })[]
  /** Seconds since the start, one for each bin. */
  readonly times: readonly number[]
  readonly load: {
    readonly requestsPerS: Series
    readonly failedPerS: Series
    readonly askedPerS: Series | null
    readonly p50Ms: Series
    readonly p95Ms: Series
    readonly p99Ms: Series
    readonly inFlight: Series
    readonly vus: Series
    readonly droppedPerS: Series
    readonly iterationsPerS: Series
    readonly receivedBytesPerS: Series
    readonly sentBytesPerS: Series
    /** The most frequent kinds. */
    readonly failures: readonly { readonly label: string; readonly values: Series }[]
  }
  readonly bands: readonly { readonly from: number; readonly to: number; readonly kind: 'stage' | 'bad' }[]
  readonly marks: readonly { readonly t: number; readonly label: string }[]
  /** Limits on latency, milliseconds. */
  readonly limits: readonly { readonly value: number; readonly label: string }[]
  readonly systems: readonly SystemChart[]
  readonly heat: Heat | null
  /** [quantile, milliseconds] of all requests; response time from the intended start beside service time. */
  readonly percentiles: {
    readonly service: readonly (readonly [number, number])[]
    readonly response: readonly (readonly [number, number])[]
  }
  readonly endpoints: readonly EndpointRow[]
  readonly errors: Analysis['errors']
  readonly byScenario: readonly PartRow[]
  readonly byGroup: readonly PartRow[]
  readonly metrics: readonly MetricTotal[]
  /** Of the record, beside the page. */
  readonly files: readonly string[]
  readonly analysis: Analysis | null
  readonly texts: {
    readonly objectives: readonly string[]
    readonly checkpoints: readonly { readonly name: string; readonly verdict: string }[]
    readonly trends: readonly string[]
    readonly knee: string | null
    readonly failureMode: string | null
  }
  readonly checks: readonly { readonly name: string; readonly passes: number; readonly fails: number }[]
  readonly trust: { readonly text: string; readonly state: 'good' | 'bad'; readonly reasons: readonly string[] } | null
  readonly profiles: readonly {
    readonly href: string
    readonly kind: string
    readonly why: string
    readonly stretch: string
  }[]
  readonly environment: readonly (readonly [string, string])[]
  readonly options: string
  readonly missing: readonly { readonly what: string; readonly why: string }[]
}

/** A chart of one observed system: event loop, connections, ... */
export interface SystemChart {
  readonly title: string
  readonly unit: 'ms' | 'per-s' | 'ratio' | 'bytes' | 'bytes-per-s' | 'cores' | 'count'
  readonly series: readonly { readonly label: string; readonly values: Series }[]
}

export interface EndpointRow
  extends Pick<PartRow, 'key' | 'count' | 'perS' | 'failedRatio' | 'serviceTimeMs' | 'responseTimeMs'> {
  /** Every so many of the page's bins is one of these. */
  readonly step: number
  readonly requestsPerS: Series
  readonly p95Ms: Series
  readonly failedPerS: Series
}

/** Counts by time and latency: `counts[column * rows + row]`. */
export interface Heat {
  readonly columns: number
  readonly rows: number
  /** Latency at the lower edge of row 0 and the upper edge of the last, milliseconds; rows are equal in logarithm. */
  readonly lowMs: number
  readonly highMs: number
  /** In base64 of bytes: 0 for none, else 1..255 by the logarithm of the count. */
  readonly counts: string
  readonly most: number
}
