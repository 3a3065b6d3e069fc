/** A Prometheus server: PromQL, instant queries of its HTTP API (prometheus.io/docs/prometheus/latest/querying/api). */
import type { Reading } from '#record/observed.js'
import { boundedText } from '../sql-text.js'

export interface Query {
  /** Of the readings; undefined: each series under its own name. */
  readonly name: string | undefined
  readonly promql: string
}

const MAX_RESULTS = 500

/** `query=EXPR` and `query.NAME=EXPR` of the URI, as often as wanted. */
export function queriesOf(url: URL): Query[] {
  return [...url.searchParams]
    .filter(([key]) => key === 'query' || key.startsWith('query.'))
    .map(([key, promql]) => ({ name: key === 'query' ? undefined : key.slice(6), promql }))
}

/**
 * @param body  the API's JSON, not trusted
 * @throws Error with the server's words when the query was refused
 */
export function readAnswer(body: string, query: Query, number: number): [string, Reading][] {
  const answer = parse(body)
  if (answer.status !== 'success') throw new Error(boundedText(String(answer.error ?? 'no success'), 300))
  const readings = new Map<string, { tags: Record<string, string>; value: number }[]>()
  const result: unknown = answer.data?.result
  const isScalar = answer.data?.resultType === 'scalar'
  const items = isScalar ? [{ metric: {}, value: result }] : Array.isArray(result) ? result.slice(0, MAX_RESULTS) : []
  for (const item of items as { metric?: Record<string, unknown>; value?: unknown }[]) {
    const { __name__: own, ...labels } = item?.metric ?? {}
    const value = Array.isArray(item?.value) ? Number(item.value[1]) : Number.NaN
    if (!Number.isFinite(value)) continue
    const name = (query.name ?? (typeof own === 'string' ? own : `query_${number}`)).replace(/[^a-zA-Z0-9_]/g, '_')
    const tags = Object.fromEntries(
      Object.entries(labels)
        .slice(0, 12)
        .map(([label, text]) => [label.slice(0, 60), boundedText(String(text), 200)]),
    )
    const list = readings.get(name) ?? []
    list.push({ tags, value })
    readings.set(name.slice(0, 128).padEnd(2, '_'), list)
  }
  return [...readings]
}

function parse(body: string): { status?: unknown; error?: unknown; data?: { resultType?: unknown; result?: unknown } } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return { error: 'it answered no JSON: is this a Prometheus server?' }
  }
}
