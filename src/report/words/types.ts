/** Every word of the reports: what each language fills. */
import type { Analysis, Checkpoint, ObjectiveResult, TestType, Trend } from '#record/analysis.js'
import type { FindingKind, Severity } from '#record/findings.js'
import type { TrustRow } from '#record/types.js'
import type { Amount } from './amounts.js'

export interface Words {
  /** For numbers and dates (BCP 47). */
  readonly locale: string
  readonly testType: Readonly<Record<TestType, string>>
  readonly question: Readonly<Record<TestType | 'unknown', string>>
  /** Sentences of the executive summary. */
  readonly summary: {
    readonly yes: (v: { question: string }) => string
    readonly no: (v: { question: string }) => string
    readonly unclear: (v: { question: string }) => string
    readonly load: (v: { requests: Amount; seconds: Amount; rate: Amount }) => string
    readonly latency: (v: { p95: Amount; p99: Amount }) => string
    readonly noErrors: string
    readonly errors: (v: { ratio: Amount; count: Amount; cause: string }) => string
    readonly met: (v: { count: number }) => string
    readonly missed: (v: { missed: number; count: number; first: string }) => string
    readonly unsure: (v: { unsure: number; count: number }) => string
    readonly noGoals: string
    readonly cause: (v: { title: string; share: Amount }) => string
    readonly causeAlone: (v: { title: string }) => string
    readonly noCause: string
    readonly notObserved: string
    readonly capacity: (v: { at: Amount; rate: Amount; low: Amount; high: Amount }) => string
    readonly capacityOpen: (v: { most: Amount }) => string
    readonly saturated: (v: { what: string }) => string
    readonly recovered: (v: { seconds: Amount }) => string
    readonly notRecovered: string
    readonly grows: (v: { what: string; slope: Amount }) => string
    readonly exhausted: (v: { what: string; hours: Amount }) => string
    readonly scaled: (v: { factor: Amount; rate: Amount }) => string
    readonly distrust: (v: { reason: string }) => string
    readonly missing: (v: { count: number }) => string
    readonly next: (v: { fix: string }) => string
    readonly nextNothing: string
    readonly nextLonger: string
    readonly nextGoals: string
    readonly nextTrust: string
    readonly nextObserve: string
  }
  readonly verdict: Readonly<Record<'passed' | 'failed' | 'unknown', string>>
  readonly answer: Readonly<Record<Analysis['answer']['verdict'], string>>
  readonly severity: Readonly<Record<Severity, string>>
  readonly objective: Readonly<Record<ObjectiveResult['verdict'], string>>
  readonly checkpoint: Readonly<Record<Checkpoint['verdict'], string>>
  readonly checkpointName: Readonly<Record<Checkpoint['id'], string>>
  readonly trust: Readonly<Record<TrustRow['verdict'], string>>
  readonly knee: Readonly<Record<NonNullable<Analysis['capacity']>['knee'], string>>
  readonly failureMode: Readonly<Record<NonNullable<Analysis['capacity']>['failureMode'], string>>
  readonly symptom: Readonly<Record<Analysis['badWindows'][number]['symptom'], string>>
  readonly trend: Readonly<Record<Trend['verdict'], string>>
  /** What a finding says where its own title is in another language; undefined keeps the title as the rule wrote it. */
  readonly finding: Readonly<Record<FindingKind, { readonly title: string; readonly fix: string }>> | undefined
  readonly page: Readonly<Record<PageWord, string>>
}

export type PageWord =
  | 'summary'
  | 'goal'
  | 'answer'
  | 'risk'
  | 'capacity'
  | 'next'
  | 'findings'
  | 'noFindings'
  | 'evidence'
  | 'fix'
  | 'prove'
  | 'confidence'
  | 'timeline'
  | 'latency'
  | 'endpoints'
  | 'errors'
  | 'goals'
  | 'checks'
  | 'stages'
  | 'trends'
  | 'recovery'
  | 'checkpoints'
  | 'trust'
  | 'environment'
  | 'reproduce'
  | 'profiles'
  | 'missing'
  | 'caveats'
  | 'badWindows'
  | 'requestsPerS'
  | 'responseTime'
  | 'serviceTime'
  | 'fromStart'
  | 'failed'
  | 'vus'
  | 'inFlight'
  | 'dropped'
  | 'heat'
  | 'histogram'
  | 'percentiles'
  | 'endpoint'
  | 'requests'
  | 'perS'
  | 'average'
  | 'median'
  | 'cause'
  | 'count'
  | 'share'
  | 'first'
  | 'last'
  | 'request'
  | 'response'
  | 'all'
  | 'filter'
  | 'showAll'
  | 'measured'
  | 'target'
  | 'interval'
  | 'verdict'
  | 'metric'
  | 'source'
  | 'slope'
  | 'detectable'
  | 'limitIn'
  | 'moved'
  | 'before'
  | 'during'
  | 'correlation'
  | 'load'
  | 'throughput'
  | 'knee'
  | 'contention'
  | 'coherency'
  | 'saturatedFirst'
  | 'failureMode'
  | 'asked'
  | 'passes'
  | 'fails'
  | 'command'
  | 'script'
  | 'commit'
  | 'engine'
  | 'host'
  | 'started'
  | 'duration'
  | 'scaling'
  | 'scaled'
  | 'system'
  | 'service'
  | 'light'
  | 'dark'
  | 'print'
  | 'noData'
  | 'options'
  | 'zoomHint'
  | 'chartOf'
  | 'errorsByKind'
  | 'data'
  | 'received'
  | 'sent'
  | 'iterations'
  | 'scatter'
  | 'scatterNote'
  | 'allMetrics'
  | 'scenario'
  | 'group'
  | 'rawData'
  | 'rawDataNote'
  | 'causes'
  | 'value'
