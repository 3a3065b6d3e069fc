/** Exchanges that were recorded, as the routes of a stand-in. */
import { stringify } from 'yaml'
import type { MockFile, MockRoute } from './definition.js'

export interface RecordedExchange {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly contentType: string | undefined
  /** Undefined when it was no text, or too long. */
  readonly body: string | undefined
  readonly ms: number
}

/** Latencies kept of a route: enough for its p99. */
const maxLatencies = 500
const maxRoutes = 2000

interface Group {
  readonly example: RecordedExchange
  readonly latencies: number[]
  count: number
}

/**
 * One route for each method and path; ids in paths become `{id}`. The answer is the first good one that was seen, the
 * latencies are all that were seen.
 */
export function routesOf(exchanges: Iterable<RecordedExchange>): readonly MockRoute[] {
  const groups = new Map<string, Group>()
  for (const exchange of exchanges) {
    const key = `${exchange.method} ${pattern(exchange.path)}`
    const group = groups.get(key)
    if (group === undefined) {
      if (groups.size < maxRoutes) groups.set(key, { example: exchange, latencies: [exchange.ms], count: 1 })
      continue
    }
    group.count++
    if (group.latencies.length < maxLatencies) group.latencies.push(exchange.ms)
    if (group.example.status >= 400 && exchange.status < 400) groups.set(key, { ...group, example: exchange })
  }
  return [...groups].map(([request, { example, latencies }]): MockRoute => {
    const { status, contentType, body } = example
    return {
      request,
      status,
      ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
      ...(body === undefined || body === '' ? {} : { body: asData(body, contentType) }),
      latency: { recorded: latencies.map((ms) => Number(ms.toFixed(1))).sort((a, b) => a - b) },
    }
  })
}

/** The file of a recording. @param from  what was recorded, for its head */
export function mockText(file: MockFile, from: string): string {
  return [
    `# A stand-in for ${from.replace(/[\n\r]/g, ' ')}: perfwright mock FILE`,
    '# Look for names, tokens and other secrets in the answers before you share it.',
    stringify(file, { lineWidth: 120, flowCollectionPadding: true }),
  ].join('\n')
}

/** JSON is easier to change as data. Text with two braces would be taken for a place to fill in. */
function asData(body: string, contentType: string | undefined): unknown {
  if (/json/i.test(contentType ?? '')) {
    try {
      const value = JSON.parse(body) as unknown
      if (typeof value === 'object' && value !== null) return value
    } catch {
      return body
    }
  }
  return body
}

function pattern(path: string): string {
  let ids = 0
  return path
    .split('/')
    .map((part) => (isId(part) ? (ids++ === 0 ? '{id}' : `{id${ids}}`) : part.replace(/[\s{}*]/g, encodeURIComponent)))
    .join('/')
}

function isId(part: string): boolean {
  return (
    /^\d+$/.test(part) ||
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(part) ||
    (/^[\w-]{12,}$/.test(part) && /\d/.test(part) && /[a-z]/i.test(part))
  )
}
