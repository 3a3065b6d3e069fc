/**
 * `otlp://127.0.0.1:4318` (HTTP) and `otlp+grpc://127.0.0.1:4317`: an address at which we receive traces. The target
 * sends them, set up with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318; nothing is asked of it.
 */
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { BoundedNames, OTHER } from '../bounded-names.js'
import { Rates } from '../rates.js'
import { placeOf, readServiceUri, unreachable } from '../service-uri.js'
import { Endpoints } from './endpoints.js'
import { type Receiver, startGrpcReceiver, startHttpReceiver } from './receiver.js'
import type { Span } from './span.js'
import { OpenTraces } from './traces.js'

/** As exporters wait by default before they send what they have (OTEL_BSP_SCHEDULE_DELAY), and a little. */
const BATCH_NS = 5.2e9
/** A run waits no longer for it. */
const LAST_WAIT_NS = 4e9

export function createOtlpCollector(uri: string): Collector {
  return new OtlpCollector(uri)
}

interface Group {
  spans: number
  ms: number
  errors: number
}

class OtlpCollector implements Collector {
  readonly part = 'traces'
  readonly costly = false
  readonly #url: URL
  readonly #isGrpc: boolean
  readonly #traces = new OpenTraces()
  readonly #endpoints = new Endpoints()
  readonly #names = new BoundedNames(500)
  #groups = new Map<string, Group>()
  #context!: CollectorContext
  #rates!: Rates
  #receiver: Receiver | undefined
  #lastNs: number | undefined

  constructor(uri: string) {
    this.#isGrpc = uri.startsWith('otlp+grpc:')
    // With a scheme that URL knows, so that host and port are read as those of any address.
    this.#url = readServiceUri(uri.replace(/^otlp(\+grpc)?:/, 'http:'), 'otlp://127.0.0.1:4318')
  }

  get describes(): string {
    const port = this.#receiver?.port ?? this.#port
    return `OTLP traces${this.#isGrpc ? ' by gRPC' : ''}, received at ${this.#url.hostname}:${port}`
  }

  get #port(): number {
    return this.#url.port === '' ? (this.#isGrpc ? 4317 : 4318) : Number(this.#url.port)
  }

  async open(context: CollectorContext): Promise<void> {
    this.#context = context
    this.#rates = new Rates(context.clock)
    this.#rates.begin()
    const host = this.#url.hostname.replace(/^\[|\]$/g, '')
    const start = this.#isGrpc ? startGrpcReceiver : startHttpReceiver
    try {
      this.#receiver = await start(host, this.#port, (spans) => this.#take(spans))
    } catch (error) {
      throw unreachable(
        `The address ${placeOf(this.#url, this.#port)} cannot be listened on, so OTLP`,
        error,
        'Another collector may have the port: name a free one, and set OTEL_EXPORTER_OTLP_ENDPOINT of the target to it.',
      )
    }
  }

  async read(): Promise<Readings> {
    const { clock } = this.#context
    for (const spans of this.#traces.completed(clock.nowNs())) this.#endpoints.add(spans)
    this.#rates.begin()
    const { seconds } = this.#rates
    const groups = this.#groups
    this.#groups = new Map()
    if (seconds <= 0) return {}
    const perS = (pick: (group: Group) => number): Readings[string] =>
      [...groups].map(([key, group]) => ({ tags: tagsOf(key), value: pick(group) / seconds }))
    if (this.#lastNs === undefined) return {}
    return {
      spans_per_s: perS((group) => group.spans),
      span_ms_per_s: perS((group) => group.ms),
      span_errors_per_s: perS((group) => group.errors),
      dropped_per_s: this.#rates.grownPerS('dropped', this.#traces.dropped),
    }
  }

  async close(): Promise<void> {
    if (this.#receiver === undefined) return
    await this.#lastBatch()
    await this.#receiver.close()
    for (const spans of this.#traces.completed(0, true)) this.#endpoints.add(spans)
    for (const summary of this.#endpoints.summaries()) this.#context.event('trace-summary', summary)
    if (this.#lastNs === undefined) {
      const why = 'nobody sent a trace (set OTEL_EXPORTER_OTLP_ENDPOINT of the target to this address)'
      this.#context.event('collector', { describes: this.describes, state: 'partial', why })
    }
  }

  #take(spans: readonly Span[]): void {
    const nowNs = this.#context.clock.nowNs()
    this.#lastNs = nowNs
    for (const span of spans) {
      this.#traces.add(span, nowNs)
      const key = this.#names.keep(JSON.stringify([span.service, span.name, span.kind]))
      const group = this.#groups.get(key) ?? { spans: 0, ms: 0, errors: 0 }
      this.#groups.set(key, group)
      group.spans++
      group.ms += span.endMs - span.startMs
      if (span.isError) group.errors++
    }
  }

  /** Where spans came in until now, those of the last requests are still with their sender. */
  async #lastBatch(): Promise<void> {
    const { clock, signal } = this.#context
    const nowNs = clock.nowNs()
    if (this.#lastNs === undefined || nowNs - this.#lastNs > BATCH_NS || signal.aborted) return
    const dueNs = Math.min(this.#lastNs + BATCH_NS, nowNs + LAST_WAIT_NS)
    await new Promise<void>((resolve) => {
      const cancel = clock.coarseAt(dueNs, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }
}

function tagsOf(key: string): Readonly<Record<string, string>> {
  if (key === OTHER) return { service: OTHER, name: OTHER, kind: OTHER }
  const [service, name, kind] = JSON.parse(key) as [string, string, string]
  return { service, name, kind }
}
