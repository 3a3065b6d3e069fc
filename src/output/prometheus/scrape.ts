/**
 * `--out prometheus-scrape=HOST:PORT`: an endpoint that Prometheus comes to, with the same series as remote write. Trends
 * have more columns by default, because nobody stores what nobody scrapes.
 * Source of the text: prometheus.io, "Exposition formats", version 0.0.4.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { outputNotCreated } from '../errors.js'
import { EnvReader, parseInterval } from '../net/env.js'
import { parseAddress } from '../net/url.js'
import { SeriesBook } from '../series-book.js'
import type { Output, OutputContext, OutputTags, OutputWindow, RunState } from '../types.js'
import {
  exposedValues,
  type ExposedValue,
  type PrometheusTotal,
  stateValues,
  totalFor,
  type TrendColumn,
  trendColumns,
} from './exposed.js'

const NAME = 'prometheus-scrape'
const DEFAULT_ADDRESS = '127.0.0.1:9464'
const DEFAULT_STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count', 'sum']

export function prometheusScrape(argument: string, context: OutputContext): Output {
  const [address = '', ...settings] = argument.split(',')
  let lingerNs = 0
  for (const setting of settings) {
    const [key, value = ''] = setting.split('=')
    if (key !== 'linger')
      throw outputNotCreated(NAME, `unknown setting ${JSON.stringify(setting)}; there is linger=TIME`)
    lingerNs = parseInterval(NAME, 'linger', value)
  }
  return new PrometheusScrape(address === '' ? DEFAULT_ADDRESS : address, lingerNs, context)
}

class PrometheusScrape implements Output {
  readonly description: string
  readonly #host: string
  readonly #port: number
  readonly #lingerNs: number
  readonly #context: OutputContext
  readonly #columns: readonly TrendColumn[]
  readonly #book: SeriesBook<PrometheusTotal> = new SeriesBook((metric) => totalFor(metric, false))
  readonly #server: Server
  #state: RunState | undefined
  #hasValues = false
  #ended = false
  #seenTheEnd: () => void = () => {}

  constructor(address: string, lingerNs: number, context: OutputContext) {
    const { host, port } = parseAddress(NAME, address)
    this.#host = host
    this.#port = port
    this.#lingerNs = lingerNs
    this.#context = context
    this.description = `Prometheus scrape endpoint (http://${address}/metrics)`
    const stats = new EnvReader(NAME, context.env).list('K6_PROMETHEUS_RW_TREND_STATS')
    this.#columns = trendColumns(NAME, stats ?? DEFAULT_STATS)
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, answer) =>
      this.#answer(request, answer),
    )
    this.#server.maxConnections = 100
  }

  start(): Promise<void> {
    return new Promise((started, failed) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        failed(
          new PerfwrightError({
            code: 'PW_OUTPUT_LISTEN',
            message: `cannot listen on ${this.#host}:${this.#port}: ${error.code === 'EADDRINUSE' ? 'the port is taken' : error.message}`,
            where: `--out ${NAME}`,
            fix: `another port: --out ${NAME}=127.0.0.1:0 takes a free one`,
            exitCode: ExitCode.cannotListen,
            cause: error,
          }),
        ),
      )
      // `listen` takes '' for every interface.
      this.#server.listen(this.#port, this.#host === '' ? undefined : this.#host, () => {
        const bound = this.#server.address()
        if (this.#port === 0 && bound !== null && typeof bound === 'object')
          this.#context.warn(`The Prometheus scrape endpoint listens on http://${this.#host}:${bound.port}/metrics`)
        // It serves a run, it does not hold up its end.
        this.#server.unref()
        started()
      })
    })
  }

  window(window: OutputWindow): void {
    this.#hasValues ||= window.rows.length > 0
    this.#book.take(window)
  }

  state(state: RunState): void {
    this.#state = state
  }

  /** With `linger`, stays until the last values have been fetched once, or until the time is over. */
  async stop(): Promise<undefined> {
    const lingerNs = this.#ended ? 0 : this.#lingerNs
    this.#ended = true
    const { clock } = this.#context
    if (lingerNs > 0 && this.#hasValues) {
      await new Promise<void>((resolve) => {
        const cancel = clock.coarseAt(clock.nowNs() + lingerNs, resolve)
        this.#seenTheEnd = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#server.close()
    this.#server.closeAllConnections()
    return undefined
  }

  #answer(request: IncomingMessage, answer: ServerResponse): void {
    request.resume()
    const path = (request.url ?? '').split('?')[0]
    if (path !== '/metrics') {
      answer.writeHead(404, { 'Content-Type': 'text/plain' }).end('see /metrics\n')
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer.writeHead(405, { Allow: 'GET, HEAD' }).end()
      return
    }
    answer.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
    answer.end(request.method === 'HEAD' ? undefined : this.#text(), () => {
      if (this.#ended) this.#seenTheEnd()
    })
  }

  #text(): string {
    const families = new Map<string, { type: string; lines: string[] }>()
    const add = ({ name, type, value }: ExposedValue, tags: OutputTags['entries']): void => {
      const safe = metricName(name)
      let family = families.get(safe)
      if (family === undefined) {
        family = { type, lines: [] }
        families.set(safe, family)
      }
      family.lines.push(`${safe}${labels(tags)} ${number(value)}\n`)
    }
    for (const series of this.#book.all())
      for (const value of exposedValues(series, this.#columns)) add(value, series.tags.entries)
    const runTags = Object.entries(this.#context.options.tags)
    if (this.#state !== undefined)
      for (const value of stateValues(this.#state)) add(value, [...runTags, ...value.labels])
    return [...families].map(([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.join('')}`).join('')
  }
}

function metricName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, '_')
}

/** Label names are made valid; of two that become the same the first stays, because Prometheus refuses the page otherwise. */
function labels(tags: OutputTags['entries']): string {
  const seen = new Map<string, string>()
  for (const [key, value] of tags) {
    if (key === '' || value === '') continue
    const name = key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')
    if (!seen.has(name))
      seen.set(
        name,
        value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)),
      )
  }
  if (seen.size === 0) return ''
  return `{${[...seen].map(([name, value]) => `${name}="${value}"`).join(',')}}`
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
