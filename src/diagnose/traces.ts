/** What traces say of each endpoint: the event `trace-summary`, written by whoever received them. */
import type { EndpointFacts, RunFacts } from './facts.js'
import { number } from './finding.js'

export interface TracedEndpoint {
  /** Of the load where it is known by that name, else as its own service calls it. */
  readonly name: string
  /** Undefined when the load has none of this name. */
  readonly endpoint: EndpointFacts | undefined
  readonly traces: number
  /** Of a trace's first server span. */
  readonly p50Ms: number
  /** Of the critical path of its slowest traces, the longest first. */
  readonly spans: readonly TracedSpan[]
}

export interface TracedSpan {
  readonly service: string
  readonly name: string
  readonly kind: string
  /** Whom it called; '' where the span does not say. */
  readonly peer: string
  /** '' where it asked no database; literals taken out by the receiver. */
  readonly statement: string
  /** Of a trace, on its critical path: what calls side by side hide from each other is not in it. */
  readonly ms: number
  /** Of the trace's time, 0..1. */
  readonly share: number
  /** Such spans in a trace. */
  readonly count: number
}

export const TRACE_SOURCE = 'events trace-summary'
/** Traces of an endpoint below which they are chance. */
const fewestTraces = 5
const mostEndpoints = 50
const mostSpans = 50

/** Slowest endpoint first, as the receiver has them; what is not of the form of a summary is passed over. */
export function tracedEndpoints({ evidence, endpoints }: Pick<RunFacts, 'evidence' | 'endpoints'>): TracedEndpoint[] {
  return evidence.events
    .flatMap(({ type, detail }): TracedEndpoint[] => {
      const { endpoint: name, traces, p50Ms, spans } = detail
      const isOne =
        type === 'trace-summary' &&
        typeof name === 'string' &&
        isAmount(traces) &&
        isAmount(p50Ms) &&
        traces >= fewestTraces &&
        Array.isArray(spans)
      if (!isOne) return []
      const endpoint = endpoints.find((one) => one.name === name || one.name.endsWith(` ${name}`))
      const rows = spans.slice(0, mostSpans).flatMap((span: unknown) => spanOf(span) ?? [])
      return [{ name: endpoint?.name ?? name, endpoint, traces, p50Ms, spans: rows }]
    })
    .slice(0, mostEndpoints)
}

/** `41 traces of GET /orders` */
export function tracesOf({ traces, name }: TracedEndpoint): string {
  return `${number(traces)} traces of ${name}`
}

/** Whether a span asked a database or a cache: other rules than those of services speak of it. */
export function asksDatabase({ statement, name, peer }: TracedSpan): boolean {
  return (
    statement !== '' ||
    /\b(select|insert|update|delete|query|sql|redis|mongo\w*|postgres\w*|mysql)\b/i.test(`${name} ${peer}`)
  )
}

function spanOf(value: unknown): TracedSpan | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { service, name, kind, peer, dbStatement, ms, share, count } = value as Record<string, unknown>
  if (!isAmount(ms) || !isAmount(share) || !isAmount(count) || count === 0) return undefined
  return {
    service: text(service),
    name: text(name),
    kind: text(kind),
    peer: text(peer),
    statement: text(dbStatement),
    ms,
    share,
    count,
  }
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 4000) : ''
}
