/** What a duet is made of: two sides, one sequence of requests, and what was measured of each. */

/** One request, the same for both sides. */
export interface DuetRequest {
  readonly method: string
  /** With its query; begins with `/`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Base64 where the bytes are no text. */
  readonly body?: string
  readonly bodyEncoding?: 'utf8' | 'base64'
}

export type SideName = 'a' | 'b'

/** How a side is brought up, or where it stands. */
export interface SideSpec {
  /** Shell text; gets PORT, and ends with its duet. Undefined for a side that runs already. */
  readonly command: string | undefined
  /** `http://host:port`; of a command, where it listens when it does not heed PORT. */
  readonly url: string | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Called before each start and after each stop: a clone of a database is made and dropped here. */
  readonly prepare?: () => Promise<Readonly<Record<string, string>>>
  readonly dispose?: () => Promise<void>
}

/** What one side did in one duet. */
export interface SideMeasure {
  readonly requests: number
  /** Connection failures, timeouts and answers of 500 and above. */
  readonly errors: number
  /** CPU of the process tree per request, microseconds; null where /proc does not show it. */
  readonly cpuUsPerRequest: number | null
  readonly rssBytes: number | null
  /**
   * Per endpoint, milliseconds from the send to the last byte, of requests that both sides answered without error: value
   * number i of one side was the same request as number i of the other, in the same moment.
   */
  readonly latencyMs: ReadonlyMap<string, readonly number[]>
}

/** One duet: both sides fresh, the same requests in alternation. The unit of replication. */
export interface DuetMeasure {
  readonly index: number
  /** Whether b was started first and had the first place: swapped from duet to duet. */
  readonly swapped: boolean
  /** The sides ran one after the other. */
  readonly apart: boolean
  readonly a: SideMeasure
  readonly b: SideMeasure
  /** Requests whose answers differed in status or in body. */
  readonly differing: { readonly status: number; readonly body: number; readonly of: number }
  /** Share of the machine's CPU that neither the sides nor the generator used, 0..1; null where unknown. */
  readonly othersCpu: number | null
}

export type Verdict = 'regression' | 'better' | 'worse' | 'same' | 'inconclusive' | 'invalid'

/** One metric of one endpoint (or of all), b against a. */
export interface Comparison {
  /** `cpu` per request, `p50`, `p95`, `p99` of the latency, `errors`. */
  readonly metric: string
  /** `all`, or `GET /items/{}`. */
  readonly endpoint: string
  readonly unit: 'us' | 'ms' | 'ratio'
  readonly a: number | null
  readonly b: number | null
  /** Change of b against a as a share of a: 0.2 is 20 % more. Of `errors`, the difference of the ratios. */
  readonly change: number | null
  /** 95 % interval of `change`. */
  readonly low: number | null
  readonly high: number | null
  /** Two-sided, before and after the correction over all comparisons of the duet (Benjamini and Hochberg 1995). */
  readonly p: number | null
  readonly q: number | null
  /** Standard deviation of the log ratios between duets: this machine's noise for this metric. */
  readonly sd: number | null
  /** Smallest change that as many duets find in 4 of 5 cases. */
  readonly detectable: number | null
  /** Duets it would take to find a change of the margin in 4 of 5 cases. */
  readonly duetsForMargin: number | null
  readonly verdict: 'worse' | 'better' | 'same' | 'inconclusive'
  /** Whether the whole verdict waits for it: p95 and single endpoints may stay undecided. */
  readonly decides: boolean
}

export interface DuetVerdict {
  readonly verdict: 'regression' | 'better' | 'same' | 'inconclusive' | 'invalid'
  /** In a sentence or two, with its numbers. */
  readonly why: string
  /** What it would take to decide; empty when decided. */
  readonly takes: string
  readonly margin: number
  readonly level: number
  readonly duets: number
  readonly comparisons: readonly Comparison[]
  readonly warnings: readonly string[]
}
