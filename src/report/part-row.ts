/** Requests of one endpoint, scenario or group; iterations where it made none. */
export interface PartRow {
  readonly key: string
  readonly unit: 'requests' | 'iterations'
  readonly count: number
  readonly perS: number | null
  /** Null where nothing was judged. */
  readonly failedRatio: number | null
  /** From send to last byte (k6's `http_req_duration`), milliseconds. */
  readonly serviceTimeMs: LatencyStats | null
  /** From the intended start to the last byte, milliseconds. */
  readonly responseTimeMs: LatencyStats | null
}

export interface LatencyStats {
  readonly count: number
  readonly avg: number
  readonly min: number
  readonly med: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  /** Bound on the error of the percentiles as a share of their value; 0 = exact. */
  readonly relativeError: number
}
