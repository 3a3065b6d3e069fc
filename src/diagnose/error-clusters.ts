/** Failed requests by cause: status or error, and what the server said, with what differs from case to case taken out. */
import type { ErrorCluster } from '#record/index.js'
import type { Evidence, TimedEvent } from './evidence.js'
import { clean } from './finding.js'

const MAX_CLUSTERS = 50
const MAX_ENDPOINTS = 20
const MAX_MESSAGE = 160

/** Largest first. */
export function errorClusters(evidence: Evidence): readonly ErrorCluster[] {
  const samples = evidence.events.filter(({ type }) => type === 'request-error')
  const clusters = new Map<string, MutableCluster>()
  const all = evidence.failures.reduce((sum, { count }) => sum + count, 0)
  for (const failure of evidence.failures) {
    const own = samples.filter(
      ({ detail }) => detail.endpoint === failure.endpoint && sameStatus(String(detail.status ?? ''), failure.status),
    )
    // The series know how many, the examples know why: the commonest message of the kind names it.
    const message = commonest(own.map(({ detail }) => messageOf(detail)))
    const what =
      failure.status === '' || failure.status === '0'
        ? normalise(failure.error === '' ? `error ${failure.errorCode}` : failure.error)
        : `status ${failure.status}`
    const cause = clean(message === '' || message === what ? what : `${what}: ${message}`)
    let cluster = clusters.get(cause)
    if (cluster === undefined) {
      cluster = { cause, count: 0, endpoints: new Set(), firstS: null, lastS: null, example: null }
      clusters.set(cause, cluster)
    }
    cluster.count += failure.count
    cluster.endpoints.add(failure.endpoint)
    const { binS } = evidence
    for (let i = 0; i < failure.perS.length; i++) {
      if (!((failure.perS[i] as number) > 0)) continue
      cluster.firstS = Math.min(cluster.firstS ?? Number.POSITIVE_INFINITY, i * binS)
      cluster.lastS = Math.max(cluster.lastS ?? 0, (i + 1) * binS)
    }
    cluster.example ??= exampleOf(own)
  }
  for (const [message, events] of iterationErrors(evidence.events)) {
    const count = events.reduce((sum, { detail }) => sum + (Number(detail.count) || 0), 0)
    const times = events.map(({ atS }) => Math.max(0, atS))
    clusters.set(`script ${message}`, {
      cause: `iteration ended: ${message}`,
      count,
      endpoints: new Set(),
      firstS: Math.min(...times),
      lastS: Math.max(...times),
      example: null,
    })
  }
  const total = [...clusters.values()].reduce((sum, { count }) => sum + count, 0)
  return [...clusters.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_CLUSTERS)
    .map(({ endpoints, ...rest }) => ({
      ...rest,
      share: Math.max(all, total) === 0 ? 0 : rest.count / Math.max(all, total),
      endpoints: [...endpoints].slice(0, MAX_ENDPOINTS),
    }))
}

/** Numbers, ids, hashes, times, quoted texts and addresses taken out: what is left is the kind of message. */
export function normalise(message: string): string {
  return message
    .replace(/\b\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
    .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '<address>')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<id>')
    .replace(/(["'])(?:(?!\1).){1,200}\1/g, '$1...$1')
    .replace(/\d+(?:\.\d+)?/g, '<n>')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_MESSAGE)
}

interface MutableCluster {
  readonly cause: string
  count: number
  readonly endpoints: Set<string>
  firstS: number | null
  lastS: number | null
  example: ErrorCluster['example']
}

/** The message in a JSON body, a title in HTML, else its first line. */
function messageOf(detail: Readonly<Record<string, unknown>>): string {
  const body = typeof detail.responseBody === 'string' ? detail.responseBody : ''
  const error = typeof detail.error === 'string' ? detail.error : ''
  if (body.trim() === '') return normalise(error)
  const field = /"(?:message|error|detail|title|reason|description|msg)"\s*:\s*"((?:[^"\\]|\\.){1,300})/.exec(body)?.[1]
  if (field !== undefined) return normalise(field)
  const html = /<(?:title|h1)[^>]*>([^<]{1,200})/i.exec(body)?.[1]
  return normalise(html ?? body.split('\n', 1)[0] ?? '')
}

function sameStatus(a: string, b: string): boolean {
  return (a === '' ? '0' : a) === (b === '' ? '0' : b)
}

function commonest(messages: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ''
}

function exampleOf(samples: readonly TimedEvent[]): ErrorCluster['example'] {
  const [first] = samples
  if (first === undefined) return null
  const { method, url, status, error, requestBody, responseBody } = first.detail
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
  const request = `${text(method)} ${text(url)}${text(requestBody) === '' ? '' : `\n\n${text(requestBody)}`}`
  const answer =
    text(status) === '0'
      ? text(error)
      : `status ${text(status)}${text(responseBody) === '' ? '' : `\n\n${text(responseBody)}`}`
  return { request: request.trim() === '' ? null : request, response: answer === '' ? null : answer }
}

function iterationErrors(events: readonly TimedEvent[]): Map<string, TimedEvent[]> {
  const byMessage = new Map<string, TimedEvent[]>()
  for (const event of events) {
    if (event.type !== 'iteration-error' || typeof event.detail.message !== 'string') continue
    const message = clean(normalise(event.detail.message))
    const list = byMessage.get(message)
    if (list !== undefined) list.push(event)
    else if (byMessage.size < MAX_CLUSTERS) byMessage.set(message, [event])
  }
  return byMessage
}
