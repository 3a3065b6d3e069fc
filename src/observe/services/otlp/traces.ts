/**
 * Traces whose spans still come in: bounded, the oldest given up whole, because half a trace says nothing true. One that
 * was quiet for ten seconds is taken to be complete.
 */
import { bytesOf, type Span } from './span.js'

export const MAX_SPANS = 50_000
export const MAX_BYTES: number = 64 * 1024 * 1024
/** A trace of more spans than this is a loop. */
const MAX_TRACE_SPANS = 5000
const QUIET_NS = 10e9

interface Open {
  readonly spans: Span[]
  bytes: number
  lastNs: number
}

export class OpenTraces {
  // Maps keep the order of insertion: the first is the oldest.
  readonly #traces = new Map<string, Open>()
  #spans = 0
  #bytes = 0
  /** Spans that were given up. */
  dropped = 0

  get size(): number {
    return this.#spans
  }

  add(span: Span, nowNs: number): void {
    let trace = this.#traces.get(span.traceId)
    if (trace === undefined) {
      trace = { spans: [], bytes: 0, lastNs: nowNs }
      this.#traces.set(span.traceId, trace)
    }
    if (trace.spans.length >= MAX_TRACE_SPANS) {
      this.dropped++
      return
    }
    const bytes = bytesOf(span)
    trace.spans.push(span)
    trace.bytes += bytes
    trace.lastNs = nowNs
    this.#spans++
    this.#bytes += bytes
    while (this.#spans > MAX_SPANS || this.#bytes > MAX_BYTES) {
      const [oldest] = this.#traces.keys()
      if (oldest === undefined) break
      this.dropped += this.#remove(oldest).length
    }
  }

  /** Takes out the traces that are complete; at the end, all. */
  *completed(nowNs: number, all = false): Iterable<readonly Span[]> {
    for (const [id, trace] of this.#traces) {
      if (all || nowNs - trace.lastNs >= QUIET_NS) yield this.#remove(id)
    }
  }

  #remove(id: string): readonly Span[] {
    const trace = this.#traces.get(id)
    if (trace === undefined) return []
    this.#traces.delete(id)
    this.#spans -= trace.spans.length
    this.#bytes -= trace.bytes
    return trace.spans
  }
}
