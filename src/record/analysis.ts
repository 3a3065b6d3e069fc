/**
 * `analysis.json`: what a diagnosis makes of a run besides its findings. Seconds are since the start of the load.
 * Null means not known, and `caveats` say why; nothing is 0 for lack of data.
 */

export interface Analysis {
  readonly analysisVersion: 1
  readonly testType: TestType | null
  /** Where the load did the same thing for a time, as the options say it. */
  readonly stages: readonly Stage[]
  /** The stretch without ramps and warm-up, from which numbers of the steady state are taken. */
  readonly steady: Stretch | null
  /** Length of the warm-up that was cut off, by MSER-5. */
  readonly warmupS: number | null
  readonly answer: Answer
  readonly objectives: readonly ObjectiveResult[]
  readonly badWindows: readonly BadWindow[]
  readonly capacity: Capacity | null
  readonly trends: readonly Trend[]
  readonly recovery: Recovery | null
  readonly errors: readonly ErrorCluster[]
  readonly checkpoints: readonly Checkpoint[]
  /** What this analysis could not look at, and why. */
  readonly caveats: readonly string[]
}

export type TestType = 'smoke' | 'load' | 'stress' | 'soak' | 'spike' | 'breakpoint'

export interface Stretch {
  readonly fromS: number
  readonly toS: number
}

export interface Stage extends Stretch {
  readonly scenario: string
  readonly kind: 'ramp-up' | 'steady' | 'ramp-down' | 'spike' | 'step'
  /** VUs, or iterations a second in an open model, at its end. */
  readonly target: number
  readonly unit: 'VUs' | 'iterations/s'
}

/** The goal of the run in a question, and what the run says to it. */
export interface Answer {
  readonly question: string
  readonly verdict: 'yes' | 'no' | 'cannot-tell'
  readonly because: readonly string[]
}

/** An SLO or threshold with the uncertainty of what was measured. */
export interface ObjectiveResult {
  readonly name: string
  readonly endpoint: string | null
  readonly metric: string
  /** `p(95)<200` */
  readonly target: string
  readonly value: number | null
  readonly unit: string
  /** 95 % confidence interval of the value. */
  readonly low: number | null
  readonly high: number | null
  readonly count: number
  readonly verdict: 'met' | 'missed' | 'unsure' | 'no-data'
}

/** A stretch in which the service was worse than in the rest of the run, and what moved with it. */
export interface BadWindow extends Stretch {
  readonly symptom: 'latency' | 'errors' | 'throughput'
  /** Null = all endpoints together. */
  readonly endpoint: string | null
  readonly value: number
  readonly usual: number
  readonly unit: string
  readonly moved: readonly Movement[]
}

/** A metric that moved with a bad window more than chance explains. */
export interface Movement {
  /** `observed/postgres connections_active` */
  readonly source: string
  readonly before: number
  readonly during: number
  /** Spearman's rank correlation with the symptom over the run, at `lagS`. */
  readonly correlation: number
  /** Seconds by which it moved before (negative) or after the symptom. */
  readonly lagS: number
  /** After Benjamini-Hochberg over all metrics and lags. */
  readonly q: number
}

/** Universal Scalability Law X(N) = lambda N / (1 + sigma (N-1) + kappa N (N-1)), and the knee. */
export interface Capacity {
  readonly points: readonly {
    readonly load: number
    readonly throughputPerS: number
    readonly p95Ms: number | null
    readonly errorRatio: number
  }[]
  readonly loadUnit: 'VUs' | 'iterations/s' | 'in flight'
  readonly knee: 'reached' | 'not-reached' | 'cannot-tell'
  /** Load at the knee, and its 95 % interval; null where it was not reached. */
  readonly at: number | null
  readonly low: number | null
  readonly high: number | null
  readonly throughputPerS: number | null
  readonly usl: {
    readonly lambda: number
    /** Contention. */
    readonly sigma: number
    /** Coherency. */
    readonly kappa: number
    readonly peakLoad: number | null
    readonly r2: number
  } | null
  /** What reached its limit first; null where nothing was seen to. */
  readonly saturatedFirst: string | null
  readonly failureMode: 'errors' | 'latency' | 'throughput-collapse' | 'none'
  /** Measured number in flight over arrival rate x response time (Little's law); 1 = consistent. */
  readonly littlesLawRatio: number | null
  readonly note: string
}

/** Whether something grew over the run. */
export interface Trend {
  /** `observed/target rss_bytes` */
  readonly source: string
  readonly unit: string
  readonly slopePerH: number
  readonly low: number
  readonly high: number
  readonly p: number
  readonly verdict: 'grows' | 'shrinks' | 'steady' | 'run-longer'
  /** Smallest slope that this run could have shown, per hour. */
  readonly detectablePerH: number | null
  /** Hours until the limit at this slope; null without a limit or a slope. */
  readonly exhaustionH: number | null
  readonly note: string
}

export interface Recovery {
  readonly spike: Stretch
  readonly baselineP95Ms: number | null
  readonly peakP95Ms: number | null
  readonly errorsDuring: number
  /** Seconds from the spike's end until latency and errors stayed at the baseline; null = not within the run. */
  readonly recoveredAfterS: number | null
  /** Requests that waited at the worst moment: arrivals minus answers. */
  readonly backlogMax: number | null
  readonly backToBaseline: boolean
}

export interface ErrorCluster {
  readonly cause: string
  readonly count: number
  readonly share: number
  readonly endpoints: readonly string[]
  readonly firstS: number | null
  readonly lastS: number | null
  readonly example: {
    readonly request: string | null
    readonly response: string | null
  } | null
}

/** One of the mission's checkpoints: test data, injector, third parties. */
export interface Checkpoint {
  readonly id: 'test-data' | 'injector' | 'third-parties'
  readonly verdict: 'ok' | 'warning' | 'failed' | 'not-checked'
  readonly text: string
  readonly details: readonly string[]
}
