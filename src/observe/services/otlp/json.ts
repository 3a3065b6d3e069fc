/**
 * `ExportTraceServiceRequest` as JSON: ids in hexadecimal, 64-bit numbers as text or number, enums as numbers (some
 * senders write their names). Source: opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding".
 */
import { type RawSpan, type Span, toSpan, wantedAttributes } from './span.js'

/** @throws Error for text that is no JSON object */
export function readJsonSpans(text: string): Span[] {
  const spans: Span[] = []
  for (const resourceSpans of list(fieldOf(JSON.parse(text), 'resourceSpans'))) {
    const resource = fieldOf(resourceSpans, 'resource')
    const service = attributesOf(fieldOf(resource, 'attributes')).get('service.name') ?? ''
    for (const scope of list(fieldOf(resourceSpans, 'scopeSpans'))) {
      for (const one of list(fieldOf(scope, 'spans'))) {
        const span = toSpan(rawSpan(one), service)
        if (span !== undefined) spans.push(span)
      }
    }
  }
  return spans
}

function rawSpan(one: unknown): RawSpan {
  const text = (name: string): string => {
    const value = fieldOf(one, name)
    return typeof value === 'string' ? value.slice(0, 16_384) : ''
  }
  return {
    traceId: text('traceId').toLowerCase(),
    spanId: text('spanId').toLowerCase(),
    parentId: text('parentSpanId').toLowerCase(),
    traceState: text('traceState'),
    name: text('name'),
    kind: enumValue(fieldOf(one, 'kind'), kindNames),
    startMs: milliseconds(fieldOf(one, 'startTimeUnixNano')),
    endMs: milliseconds(fieldOf(one, 'endTimeUnixNano')),
    statusCode: enumValue(fieldOf(fieldOf(one, 'status'), 'code'), statusNames),
    attributes: attributesOf(fieldOf(one, 'attributes')),
  }
}

const kindNames = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
]
const statusNames = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR']

function enumValue(value: unknown, names: readonly string[]): number {
  if (typeof value === 'number') return value
  return Math.max(0, names.indexOf(String(value)))
}

function milliseconds(value: unknown): number {
  if (typeof value === 'number') return value / 1e6
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return Number.NaN
  return Number(BigInt(value) / 1000n) / 1000
}

function attributesOf(value: unknown): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const one of list(value)) {
    const key = fieldOf(one, 'key')
    if (typeof key !== 'string' || !wantedAttributes.has(key)) continue
    const any = fieldOf(one, 'value')
    const found = fieldOf(any, 'stringValue') ?? fieldOf(any, 'intValue')
    if (typeof found === 'string' || typeof found === 'number') attributes.set(key, String(found).slice(0, 16_384))
  }
  return attributes
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
