/**
 * `--out experimental-prometheus-rw`: totals of every series, every five seconds, by Prometheus remote write 1.0.
 * Source: grafana.com/docs/k6, "Prometheus remote write"; compared with what k6 2.2 sends.
 */
import { compress } from 'snappyjs'
import { redactUrl } from '#record/redact.js'
import { Delivery } from '../net/delivery.js'
import { HttpPost, judge } from '../net/http-post.js'
import { Periodic } from '../net/periodic.js'
import { SeriesBook } from '../series-book.js'
import type { Output, OutputContext, OutputLoss, OutputWindow, RunState } from '../types.js'
import {
  exposedValues,
  histogramName,
  type PrometheusTotal,
  stateValues,
  totalFor,
  type TrendColumn,
  trendColumns,
} from './exposed.js'
import { NativeHistogram } from './native-histogram.js'
import { readRemoteWriteConfig, type RemoteWriteConfig } from './remote-write-config.js'
import { signV4 } from './sigv4.js'
import { WriteRequest } from './write-request.js'

const NAME = 'experimental-prometheus-rw'
/** k6's. */
const TIMEOUT_NS = 5e9
/** A push is cut into requests of about so many bytes: receivers limit the size of one. */
const MOST_BYTES = 4 << 20

export function prometheusRemoteWrite(argument: string, context: OutputContext): Output {
  // k6 takes no argument here; the URL is what a person would write.
  const env = argument === '' ? context.env : { ...context.env, K6_PROMETHEUS_RW_SERVER_URL: argument }
  return new RemoteWrite(readRemoteWriteConfig(NAME, { ...context, env }), context)
}

class RemoteWrite implements Output {
  readonly description: string
  readonly #config: RemoteWriteConfig
  readonly #context: OutputContext
  readonly #columns: readonly TrendColumn[]
  readonly #book: SeriesBook<PrometheusTotal>
  readonly #runTags: readonly (readonly [string, string])[]
  readonly #post: HttpPost
  readonly #delivery: Delivery
  readonly #timer: Periodic
  readonly #request: WriteRequest = new WriteRequest()
  #state: RunState | undefined
  /** Ours, with what Prometheus tells them apart by: they get stale markers too. */
  readonly #stateSeries = new Map<string, { name: string; labels: readonly (readonly [string, string])[] }>()

  constructor(config: RemoteWriteConfig, context: OutputContext) {
    this.#config = config
    this.#context = context
    this.description = `Prometheus remote write (${redactUrl(config.url.href)})`
    this.#columns = trendColumns(NAME, config.trendStats)
    this.#book = new SeriesBook((metric) => totalFor(metric, config.trendAsNativeHistogram))
    this.#runTags = Object.entries(context.options.tags)
    const { clock, warn } = context
    this.#post = new HttpPost({ clock, timeoutNs: TIMEOUT_NS, tls: config.tls })
    this.#delivery = new Delivery({
      description: this.description,
      unit: 'points',
      clock,
      warn,
      send: async (body, signal) => judge(await this.#post.send(config.url, body, this.#headers(body), signal)),
    })
    this.#timer = new Periodic(clock, config.pushIntervalNs, () => this.#push())
  }

  async start(): Promise<void> {
    this.#timer.start()
  }

  window(window: OutputWindow): void {
    this.#book.take(window)
  }

  state(state: RunState): void {
    this.#state = state
  }

  async stop(patienceNs: number): Promise<OutputLoss | undefined> {
    this.#timer.stop()
    this.#push()
    if (this.#config.staleMarkers) this.#pushStaleMarkers()
    const loss = await this.#delivery.close(patienceNs)
    this.#post.close()
    return loss
  }

  #push(): void {
    for (const series of this.#book.changed()) {
      const { metric, tags, total, lastUnixMs } = series
      if (total instanceof NativeHistogram)
        this.#request.histogram(histogramName(metric), tags.entries, total, lastUnixMs)
      for (const { name, value } of exposedValues(series, this.#columns))
        this.#request.sample(name, tags.entries, value, lastUnixMs)
      this.#send(MOST_BYTES)
    }
    if (this.#state !== undefined) {
      for (const { name, value, labels } of stateValues(this.#state)) {
        const all = [...this.#runTags, ...labels]
        this.#stateSeries.set(JSON.stringify([name, labels]), { name, labels: all })
        this.#request.sample(name, all, value, this.#state.unixMs)
      }
      this.#state = undefined
    }
    this.#send(0)
  }

  #pushStaleMarkers(): void {
    // Later than every point before, or the receiver would refuse it.
    let at = this.#context.clock.unixMs()
    for (const { lastUnixMs } of this.#book.all()) at = Math.max(at, lastUnixMs)
    at = Math.floor(at) + 1
    for (const series of this.#book.all()) {
      const { metric, tags, total } = series
      if (total instanceof NativeHistogram) this.#request.stale(histogramName(metric), tags.entries, at)
      for (const { name } of exposedValues(series, this.#columns)) this.#request.stale(name, tags.entries, at)
      this.#send(MOST_BYTES)
    }
    for (const { name, labels } of this.#stateSeries.values()) this.#request.stale(name, labels, at)
    this.#send(0)
  }

  /** Hands over what was gathered when it is more than `most` bytes. */
  #send(most: number): void {
    const { points } = this.#request
    if (points === 0 || this.#request.length <= most) return
    this.#delivery.push(compress(this.#request.finish()), points)
  }

  #headers(body: Uint8Array): Record<string, string> {
    const { sigV4, url, headers } = this.#config
    const all = {
      ...headers,
      'User-Agent': `perfwright/${this.#context.version}`,
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    }
    return sigV4 === undefined ? all : { ...all, ...signV4(sigV4, url, all, body, this.#context.clock.unixMs()) }
  }
}
