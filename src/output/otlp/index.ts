/**
 * `--out opentelemetry`: totals of every series, every ten seconds, by OTLP over gRPC or HTTP.
 * Source: grafana.com/docs/k6, "OpenTelemetry"; opentelemetry.io, "OTLP Specification"; compared with what k6 2.2 sends.
 */
import { gzipSync } from 'node:zlib'
import { MetricSink } from '#metrics/index.js'
import type { Metric } from '#metrics/types.js'
import { redactUrl } from '#record/redact.js'
import { Delivery } from '../net/delivery.js'
import { HttpPost, judge } from '../net/http-post.js'
import { Periodic } from '../net/periodic.js'
import { type BookedSeries, SeriesBook } from '../series-book.js'
import type { Output, OutputContext, OutputLoss, OutputTags, OutputWindow } from '../types.js'
import { type OtlpConfig, readOtlpConfig } from './config.js'
import { BOUNDS, ExplicitDistribution, ExponentialDistribution } from './distribution.js'
import { encodeRequest } from './encode.js'
import { GrpcCall } from './grpc-call.js'
import { CUMULATIVE, DELTA, type OtlpAttribute, type OtlpMetric, type OtlpNumber, type OtlpRequest } from './model.js'

type Total = MetricSink | ExplicitDistribution | ExponentialDistribution

const METHOD = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
/** Series in one request: receivers refuse messages of more than 4 MB. */
const MOST_SERIES = 5000

export function opentelemetryOutput(argument: string, context: OutputContext): Output {
  return new OtlpOutput(readOtlpConfig(argument, context.env, context.cwd, context.version), context)
}

/** k6 says so too. */
export function experimentalOpentelemetry(argument: string, context: OutputContext): Output {
  context.warn(
    'OpenTelemetry output has been graduated as a stable output.You can now use just "opentelemetry" instead of ' +
      '"experimental-opentelemetry". The experimental version will be removed in future versions.',
  )
  return opentelemetryOutput(argument, context)
}

class OtlpOutput implements Output {
  readonly description: string
  readonly #config: OtlpConfig
  readonly #context: OutputContext
  readonly #transport: Transport
  readonly #delivery: Delivery
  readonly #timer: Periodic
  readonly #attributes = new WeakMap<OutputTags, readonly OtlpAttribute[]>()
  #book: SeriesBook<Total>
  #sinceUnixMs: number

  constructor(config: OtlpConfig, context: OutputContext) {
    const { clock, warn } = context
    this.#config = config
    this.#context = context
    this.description = `opentelemetry (${redactUrl(config.shown)})`
    this.#book = new SeriesBook((metric) => this.#total(metric))
    this.#sinceUnixMs = clock.unixMs()
    this.#transport = transportFor(config, context)
    this.#delivery = new Delivery({
      description: this.description,
      unit: 'points',
      clock,
      warn,
      send: (body, signal) => this.#transport.send(body, signal),
    })
    this.#timer = new Periodic(clock, config.exportIntervalNs, () => this.#export())
  }

  async start(): Promise<void> {
    this.#sinceUnixMs = this.#context.clock.unixMs()
    this.#timer.start()
  }

  window(window: OutputWindow): void {
    // Only k6's metrics: what sums up others' streams expects its names.
    this.#book.take({ ...window, rows: window.rows.filter(({ metric }) => !metric.own) })
  }

  async stop(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#timer.stop()
    this.#export()
    const loss = await this.#delivery.close(patienceNs)
    this.#transport.close()
    return loss
  }

  #export(): void {
    const now = this.#context.clock.unixMs()
    let batch: BookedSeries<Total>[] = []
    for (const series of this.#book.all()) {
      batch.push(series)
      if (batch.length < MOST_SERIES) continue
      this.#send(batch, now)
      batch = []
    }
    if (batch.length > 0) this.#send(batch, now)
    if (!this.#config.delta) return
    this.#sinceUnixMs = now
    this.#book = new SeriesBook((metric) => this.#total(metric))
  }

  #send(batch: readonly BookedSeries<Total>[], now: number): void {
    const from = nanos(this.#sinceUnixMs)
    const to = nanos(Math.max(now, this.#sinceUnixMs + 1))
    const byMetric = new Map<string, BookedSeries<Total>[]>()
    for (const series of batch) {
      const list = byMetric.get(series.metric.name)
      if (list === undefined) byMetric.set(series.metric.name, [series])
      else list.push(series)
    }
    let points = 0
    const metrics = [...byMetric.values()].flatMap((list) => {
      points += list.length
      return this.#metric(list, { startTimeUnixNano: from, timeUnixNano: to })
    })
    const request: OtlpRequest = {
      resourceMetrics: [
        {
          resource: { attributes: this.#config.resource.map(attribute) },
          scopeMetrics: [{ scope: { name: 'k6' }, metrics }],
        },
      ],
    }
    this.#delivery.push(this.#transport.pack(request), points)
  }

  #metric(list: readonly BookedSeries<Total>[], times: Times): OtlpMetric[] {
    const metric = list[0]?.metric
    if (metric === undefined) return []
    const name = this.#config.prefix + metric.name
    const unit = metric.contains === 'time' ? 'ms' : metric.contains === 'data' ? 'By' : ''
    const aggregationTemporality = this.#config.delta ? DELTA : CUMULATIVE
    switch (metric.type) {
      case 'counter':
        return [
          { name, unit, sum: { dataPoints: this.#numbers(list, times), aggregationTemporality, isMonotonic: true } },
        ]
      case 'gauge':
        return [{ name, unit, gauge: { dataPoints: this.#numbers(list, times) } }]
      case 'rate':
        return [
          {
            name: `${name}.total`,
            unit: '',
            sum: { dataPoints: this.#conditions(list, times), aggregationTemporality, isMonotonic: true },
          },
        ]
      case 'trend':
        return [
          this.#config.exponential
            ? {
                name,
                unit,
                exponentialHistogram: { dataPoints: this.#exponentials(list, times), aggregationTemporality },
              }
            : { name, unit, histogram: { dataPoints: this.#histograms(list, times), aggregationTemporality } },
        ]
    }
  }

  #numbers(list: readonly BookedSeries<Total>[], times: Times): OtlpNumber[] {
    return list.map(({ tags, total }) => ({ attributes: this.#attributesOf(tags), ...times, asDouble: total.sum }))
  }

  /** A rate is counted as two series, told apart by an attribute. */
  #conditions(list: readonly BookedSeries<Total>[], times: Times): OtlpNumber[] {
    return list.flatMap(({ tags, total }) => {
      const point = (condition: string, count: number): OtlpNumber[] =>
        count === 0
          ? []
          : [
              {
                attributes: sorted([...this.#attributesOf(tags), attribute(['condition', condition])]),
                ...times,
                asInt: String(count),
              },
            ]
      return [...point('nonzero', total.sum), ...point('zero', total.count - total.sum)]
    })
  }

  #histograms(list: readonly BookedSeries<Total>[], times: Times): NonNullable<OtlpMetric['histogram']>['dataPoints'] {
    return list.flatMap(({ tags, total }) =>
      total instanceof ExplicitDistribution
        ? [
            {
              ...this.#distribution(tags, total, times),
              bucketCounts: total.bucketCounts.map(String),
              explicitBounds: BOUNDS,
            },
          ]
        : [],
    )
  }

  #exponentials(
    list: readonly BookedSeries<Total>[],
    times: Times,
  ): NonNullable<OtlpMetric['exponentialHistogram']>['dataPoints'] {
    return list.flatMap(({ tags, total }) =>
      total instanceof ExponentialDistribution
        ? [{ ...this.#distribution(tags, total, times), zeroCount: String(total.zeros), ...total.buckets() }]
        : [],
    )
  }

  #distribution(
    tags: OutputTags,
    { count, sum, min, max }: ExplicitDistribution | ExponentialDistribution,
    times: Times,
  ) {
    return { attributes: this.#attributesOf(tags), ...times, count: String(count), sum, min, max }
  }

  #attributesOf(tags: OutputTags): readonly OtlpAttribute[] {
    let attributes = this.#attributes.get(tags)
    if (attributes === undefined) {
      attributes = tags.entries.filter(([key, value]) => key !== '' && value !== '').map(attribute)
      this.#attributes.set(tags, attributes)
    }
    return attributes
  }

  #total(metric: Metric): Total {
    if (metric.type !== 'trend') return new MetricSink(metric.type)
    return this.#config.exponential ? new ExponentialDistribution() : new ExplicitDistribution()
  }
}

interface Times {
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}

interface Transport {
  pack(request: OtlpRequest): Uint8Array
  send(body: Uint8Array, signal: AbortSignal): Promise<void>
  close(): void
}

function transportFor(config: OtlpConfig, { clock, version }: OutputContext): Transport {
  const { protocol, url, tls, timeoutNs, gzip } = config
  const headers = { 'user-agent': `perfwright/${version}`, ...config.headers }
  const packed = (bytes: Uint8Array): Uint8Array => (gzip ? gzipSync(bytes, { level: 1 }) : bytes)
  if (protocol === 'grpc') {
    const call = new GrpcCall(url, { clock, timeoutNs, tls, method: METHOD, gzip })
    return {
      pack: (request) => packed(encodeRequest(request)),
      send: (body, signal) => call.send(body, headers, signal),
      close: () => call.close(),
    }
  }
  const isJson = protocol === 'http/json'
  const post = new HttpPost({ clock, timeoutNs, tls })
  const all = {
    ...headers,
    'content-type': isJson ? 'application/json' : 'application/x-protobuf',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  }
  return {
    pack: (request) => packed(isJson ? Buffer.from(JSON.stringify(request, protoJson)) : encodeRequest(request)),
    send: async (body, signal) => judge(await post.send(url, body, all, signal)),
    close: () => post.close(),
  }
}

/** What JSON cannot say stands as text in protobuf's JSON. */
function protoJson(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function attribute([key, value]: readonly [string, string]): OtlpAttribute {
  return { key, value: { stringValue: value } }
}

function sorted(attributes: readonly OtlpAttribute[]): readonly OtlpAttribute[] {
  return [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function nanos(unixMs: number): string {
  return String(BigInt(Math.floor(unixMs)) * 1_000_000n)
}
