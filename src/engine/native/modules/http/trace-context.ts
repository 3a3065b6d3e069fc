/**
 * The headers of `--trace-requests`: a trace of its own for every call, sampled, and the request's name in the load, which
 * every tracer hands on and by which a receiver of traces knows the endpoint. Source: w3.org/TR/trace-context.
 */
import { randomBytes } from 'node:crypto'
import type { HeaderMap } from './headers.js'

/** A trace state is thrown away by some when one of its values is longer. */
const MAX_VALUE = 256

/** @returns the headers with a context; as they are when the script sent one of its own */
export function withTraceContext(headers: HeaderMap, name: string): HeaderMap {
  if (headers.has('Traceparent')) return headers
  const ids = randomBytes(24).toString('hex')
  const value = encodeURIComponent(name.replace(/\p{Cs}/gu, '?'))
    .slice(0, MAX_VALUE)
    .replace(/%.?$/, '')
  return new Map(headers)
    .set('Traceparent', `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`)
    .set('Tracestate', `perfwright=${value}`)
}
