/**
 * Service level objectives as perfwright holds them: one share of good events over a rolling window, with its indicator in
 * production (two Prometheus queries) and in a load test (a k6 threshold).
 * Source: OpenSLO v1 specification; Sloth's `prometheus/v1`; Google, The Site Reliability Workbook, chapters 2 and 5.
 */
export interface SloFile {
  readonly service: string
  /** Of every series and alert. */
  readonly labels: Readonly<Record<string, string>>
  readonly slos: readonly Slo[]
}

export interface Slo {
  /** `checkout-latency-p95`: letters, digits and dashes, as Kubernetes has names. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** Share of good events that is promised, 0..1; of a throughput, 1. */
  readonly target: number
  readonly windowDays: number
  /** How production counts it; undefined when the file does not say. */
  readonly indicator: Indicator | undefined
  /** How a load test counts it; undefined when nothing says. */
  readonly threshold: LoadThreshold | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly alerting: Alerting
  /** `slo.yaml:12:3` */
  readonly place: string
}

/** PromQL; `{{.window}}` stands for the window, as in Sloth's queries. */
export type Indicator =
  | { readonly kind: 'good' | 'bad'; readonly events: string; readonly total: string }
  | { readonly kind: 'error-ratio'; readonly query: string }
  | { readonly kind: 'level'; readonly query: string; readonly op: 'lt' | 'lte' | 'gt' | 'gte'; readonly value: number }

/** `http_req_duration{name:GET /cart}` and `p(95)<200`. */
export interface LoadThreshold {
  readonly metric: string
  readonly source: string
}

export interface Alerting {
  /** Null = none of this severity. */
  readonly page: AlertDetails | null
  readonly ticket: AlertDetails | null
  readonly name: string
}

export interface AlertDetails {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** Annotation of an OpenSLO object that holds the threshold of a load test. */
export const THRESHOLD_ANNOTATION = 'perfwright.dev/threshold'
export const REVIEW_ANNOTATION = 'perfwright.dev/review-on'
export const BASELINE_ANNOTATION = 'perfwright.dev/baseline'
