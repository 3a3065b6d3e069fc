/**
 * The consolidated options of one run, after k6's precedence (defaults < --config < script < environment < flags).
 * Field names are k6's script option names; durations are whole nanoseconds, so that executors never round.
 * Source: grafana.com/docs/k6, "Options reference".
 */
export interface Options {
  readonly scenarios: Readonly<Record<string, Scenario>>
  readonly thresholds: Readonly<Record<string, readonly ThresholdSpec[]>>
  readonly tags: Readonly<Record<string, string>>
  readonly systemTags: readonly string[]
  readonly setupTimeoutNs: number
  readonly teardownTimeoutNs: number
  readonly handleSummaryTimeoutNs: number
  readonly minIterationDurationNs: number
  readonly noSetup: boolean
  readonly noTeardown: boolean
  readonly noThresholds: boolean
  readonly noSummary: boolean
  readonly paused: boolean
  readonly summaryMode: 'compact' | 'full' | 'legacy' | 'disabled'
  readonly summaryTrendStats: readonly string[]
  readonly summaryTimeUnit: 's' | 'ms' | 'us' | undefined
  /** HTTP. */
  readonly batch: number
  readonly batchPerHost: number
  readonly maxRedirects: number
  /** Requests per second for the whole run; 0 = no limit. */
  readonly rps: number
  readonly userAgent: string
  readonly httpDebug: '' | 'headers' | 'full'
  /** Ours: every request carries a trace context of its own. */
  readonly traceRequests: boolean
  readonly throw: boolean
  readonly insecureSkipTLSVerify: boolean
  readonly noConnectionReuse: boolean
  readonly noVUConnectionReuse: boolean
  readonly noCookiesReset: boolean
  readonly discardResponseBodies: boolean
  readonly hosts: Readonly<Record<string, string>>
  readonly blockHostnames: readonly string[]
  /** Ours: paid and rate-limited services that the load must not reach by accident; names that are this machine are left alone. */
  readonly refusedHosts: readonly RefusedHost[]
  /** Ours: when there are any, nothing else is called; patterns as in `blockHostnames`, addresses letter for letter. */
  readonly onlyHosts: readonly string[]
  readonly blacklistIPs: readonly string[]
  readonly localIPs: string | undefined
  readonly dns: DnsOptions
  readonly tlsAuth: readonly TlsAuth[]
  readonly tlsVersion: { readonly min: string | undefined; readonly max: string | undefined } | undefined
  readonly tlsCipherSuites: readonly string[] | undefined
  readonly executionSegment: string | undefined
  readonly executionSegmentSequence: string | undefined
  /** The same options in k6's field names and formats, null where nobody set them: read through `exportOptions`. */
  readonly exported: Readonly<Record<string, unknown>>
  /** `vus`, `duration`, `iterations`, `stages` as they were given, in k6's formats, for `inspect`. */
  readonly shortcuts: Readonly<Record<string, unknown>>
  /** Everything else the script exported (`cloud`, `ext`, ...), kept for `exec.test.options`. */
  readonly rest: Readonly<Record<string, unknown>>
}

export interface RefusedHost {
  /** As in `blockHostnames`. */
  readonly pattern: string
  /** What it is, why it is refused, and what to do. */
  readonly why: string
}

export interface DnsOptions {
  /** Milliseconds an answer is kept; Infinity = for ever, 0 = never. */
  readonly ttlMs: number
  readonly select: 'first' | 'random' | 'roundRobin'
  readonly policy: 'preferIPv4' | 'preferIPv6' | 'onlyIPv4' | 'onlyIPv6' | 'any'
}

export interface TlsAuth {
  readonly domains: readonly string[]
  readonly cert: string
  readonly key: string
  readonly password: string | undefined
}

export interface ThresholdSpec {
  /** k6's expression, `p(95)<500`. */
  readonly threshold: string
  readonly abortOnFail: boolean
  readonly delayAbortEvalNs: number
  /** perfwright's extra keys, ignored by k6: leave out the first part of the run; judge a sliding window of it. */
  readonly excludeFirstNs: number
  readonly windowNs: number | undefined
}

interface ScenarioCommon {
  readonly name: string
  readonly startTimeNs: number
  readonly gracefulStopNs: number
  readonly exec: string
  readonly env: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** `options: { browser: { type } }`. */
  readonly options: Readonly<Record<string, unknown>>
}

export interface Stage {
  readonly durationNs: number
  readonly target: number
}

export type Scenario =
  | (ScenarioCommon & { executor: 'shared-iterations'; vus: number; iterations: number; maxDurationNs: number })
  | (ScenarioCommon & { executor: 'per-vu-iterations'; vus: number; iterations: number; maxDurationNs: number })
  | (ScenarioCommon & { executor: 'constant-vus'; vus: number; durationNs: number })
  | (ScenarioCommon & {
      executor: 'ramping-vus'
      startVUs: number
      stages: readonly Stage[]
      gracefulRampDownNs: number
    })
  | (ScenarioCommon & {
      executor: 'constant-arrival-rate'
      rate: number
      timeUnitNs: number
      durationNs: number
      preAllocatedVUs: number
      maxVUs: number
    })
  | (ScenarioCommon & {
      executor: 'ramping-arrival-rate'
      startRate: number
      timeUnitNs: number
      stages: readonly Stage[]
      preAllocatedVUs: number
      maxVUs: number
    })
  | (ScenarioCommon & { executor: 'externally-controlled'; vus: number; maxVUs: number; durationNs: number })

export type ExecutorName = Scenario['executor']
