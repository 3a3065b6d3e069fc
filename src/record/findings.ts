/**
 * `findings.json`: what a diagnosis or an adviser found. A public contract: fields may be added, none is bent.
 */
import type { AdviceDetails } from './advice.js'

/** Every kind of finding there is. */
export const findingKinds = [
  'app-cpu',
  'event-loop-blocked',
  'gc-pressure',
  'lock-contention',
  'pool-exhausted',
  'memory-leak',
  'resource-leak',
  'n-plus-one',
  'missing-index',
  'slow-query',
  'database-lock',
  'offset-pagination',
  'cacheable-read',
  'over-fetching',
  'network-latency',
  'network-bandwidth',
  'slow-dependency',
  'injector-saturated',
  'rate-limited',
  'capacity-knee',
  'no-recovery',
  'degrades-over-time',
  'cold-start',
  'lcp',
  'inp',
  'cls',
  'unmocked-third-party',
  'test-data-too-small',
  'error-burst',
  'redundant-index',
  'schema',
  'plan-regression',
] as const
export type FindingKind = (typeof findingKinds)[number]

/** `info` asks for nothing; `warning` costs something now or soon; `critical` is what breaks the goal of the run. */
export type Severity = 'info' | 'warning' | 'critical'

export interface Finding {
  /** Stable between runs of the same fault: `<kind>:<hash of where>`. */
  readonly id: string
  readonly kind: FindingKind
  readonly severity: Severity
  /** 0..1: how sure the rule is, from its evidence alone. */
  readonly confidence: number
  /** One sentence that names the place and the cost: "GET /orders: 41 queries a request, 93 % of its time". */
  readonly title: string
  readonly where: FindingPlace
  readonly evidence: readonly Evidence[]
  /** What to change, as text that can be acted on. */
  readonly fix: string
  /** The command that would prove the fix. */
  readonly prove: string
  /** The rule that found it: `diagnose/pool-exhausted`. */
  readonly rule: string
  /** Share of the load's latency, of errors or of the resource that it explains, 0..1; null where it cannot be told. */
  readonly share: number | null
  /** Of an adviser: the change, its gain, its costs and how they were tried. */
  readonly advice?: AdviceDetails
}

/** As much of it as is known, machine-readable. */
export interface FindingPlace {
  readonly function?: string
  readonly file?: string
  readonly line?: number
  readonly sql?: string
  readonly endpoint?: string
  /** `host cpu`, `postgres pool`, `redis key cart:*`, ... */
  readonly resource?: string
  /** `host:port` of a dependency. */
  readonly host?: string
}

/** One observation that speaks for the finding. */
export interface Evidence {
  /** What was seen, in words with its numbers. */
  readonly text: string
  /** Where the number is: `observed/node event_loop_lag_p99_ms`, `series http_req_duration`, `profiles/...`. */
  readonly source: string
  readonly value?: number
  readonly unit?: string
  /** What the rule compares it with. */
  readonly threshold?: number
  /** Seconds since the start of the run. */
  readonly fromS?: number
  readonly toS?: number
}
