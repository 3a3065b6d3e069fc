/** A span as we keep it: what aggregation and the critical path need of what OTLP sends, and no more. */
import { boundedText, withoutLiterals } from '../sql-text.js'

export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** '' for the first span of a trace. */
  readonly parentId: string
  readonly service: string
  readonly name: string
  readonly kind: SpanKind
  /** Unix milliseconds with a fraction, by the sender's clock. */
  readonly startMs: number
  readonly endMs: number
  readonly isError: boolean
  /** Whom it called: a service, a host, a database. */
  readonly peer: string | undefined
  readonly dbStatement: string | undefined
  /** `GET /orders/{id}` of a span that served a request. */
  readonly endpoint: string | undefined
  /** The request's name in the load, when it came with `tracestate: perfwright=NAME`. */
  readonly loadName: string | undefined
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer' | 'unspecified'

/** As both encodings have it. */
export interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly traceState: string
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  /** Of Status: 2 is an error. */
  readonly statusCode: number
  readonly attributes: ReadonlyMap<string, string>
}

/** Attributes that are read; semantic conventions of OpenTelemetry, the stable names and those before them. */
export const wantedAttributes: ReadonlySet<string> = new Set([
  'service.name',
  'peer.service',
  'server.address',
  'server.port',
  'net.peer.name',
  'net.peer.port',
  'db.system',
  'db.system.name',
  'db.query.text',
  'db.statement',
  'messaging.destination.name',
  'http.request.method',
  'http.method',
  'http.route',
  'url.path',
  'http.target',
  'rpc.service',
  'rpc.method',
])

const kinds: readonly SpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

/** @returns undefined for a span without ids or with impossible times */
export function toSpan(raw: RawSpan, service: string): Span | undefined {
  if (!/^[0-9a-f]{32}$/.test(raw.traceId) || !/^[0-9a-f]{16}$/.test(raw.spanId)) return undefined
  if (!Number.isFinite(raw.startMs) || !Number.isFinite(raw.endMs) || raw.endMs < raw.startMs) return undefined
  const kind = kinds[raw.kind] ?? 'unspecified'
  const { attributes } = raw
  const name = boundedText(raw.name || 'unnamed', 200)
  const statement = attributes.get('db.query.text') ?? attributes.get('db.statement')
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentId: /^[0-9a-f]{16}$/.test(raw.parentId) && !/^0+$/.test(raw.parentId) ? raw.parentId : '',
    service: boundedText(service || 'unknown_service', 100),
    name,
    kind,
    startMs: raw.startMs,
    endMs: raw.endMs,
    isError: raw.statusCode === 2,
    // Of a span that serves, these attributes name the server itself.
    peer: kind === 'client' || kind === 'producer' ? peerOf(attributes) : undefined,
    dbStatement: statement === undefined || statement === '' ? undefined : shapeOf(statement),
    endpoint: kind === 'server' || kind === 'consumer' ? endpointOf(attributes, name) : undefined,
    loadName: loadNameOf(raw.traceState),
  }
}

/** Drivers send the same texts again and again. */
const shapes = new Map<string, string>()

function shapeOf(statement: string): string {
  const known = shapes.get(statement)
  if (known !== undefined) return known
  const shape = withoutLiterals(statement)
  // Texts with literals in them are all different: the memory is bounded, and begins anew when it is full.
  if (shapes.size >= 1000) shapes.clear()
  shapes.set(statement, shape)
  return shape
}

/** Bytes that a span takes here, roughly: objects and strings as V8 lays them out. */
export function bytesOf(span: Span): number {
  const texts = [span.service, span.name, span.peer, span.dbStatement, span.endpoint, span.loadName]
  return 400 + texts.reduce((sum, text) => sum + (text === undefined ? 0 : 16 + text.length), 0)
}

function peerOf(attributes: ReadonlyMap<string, string>): string | undefined {
  const host = attributes.get('server.address') ?? attributes.get('net.peer.name')
  const port = attributes.get('server.port') ?? attributes.get('net.peer.port')
  const system = attributes.get('db.system.name') ?? attributes.get('db.system')
  const place = host === undefined ? undefined : port === undefined ? host : `${host}:${port}`
  const peer = attributes.get('peer.service') ?? place ?? system ?? attributes.get('messaging.destination.name')
  return peer === undefined ? undefined : boundedText(peer, 200)
}

function endpointOf(attributes: ReadonlyMap<string, string>, name: string): string {
  const method = attributes.get('http.request.method') ?? attributes.get('http.method')
  const path = attributes.get('url.path') ?? attributes.get('http.target')
  // Without a route the path has the ids of rows in it: one endpoint would be thousands.
  const route = attributes.get('http.route') ?? path?.split('?')[0]?.replace(/\/[^/]*\d[^/]*/g, '/:id')
  if (method !== undefined && route !== undefined) return boundedText(`${method} ${route}`, 200)
  const rpc = attributes.get('rpc.method')
  return rpc === undefined ? name : boundedText(`${attributes.get('rpc.service') ?? ''}/${rpc}`, 200)
}

/** `tracestate: other=1,perfwright=GET%20%2Forders` (w3.org/TR/trace-context); every tracer hands it on as it came. */
function loadNameOf(traceState: string): string | undefined {
  const member = traceState.split(',').find((one) => one.trim().startsWith('perfwright='))
  if (member === undefined) return undefined
  try {
    return boundedText(decodeURIComponent(member.trim().slice('perfwright='.length)), 200)
  } catch {
    return undefined
  }
}
