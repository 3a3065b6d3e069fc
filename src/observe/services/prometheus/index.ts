/**
 * `prometheus+http://host:port/metrics`: an endpoint in Prometheus' text or OpenMetrics format.
 * `prometheus+http://host:port?query=EXPR` (also `query.NAME=EXPR`, several times): a Prometheus server, by PromQL.
 * `match=REGEX` keeps only families whose name matches. `of=target` says that the endpoint is the target's own, so that
 * what it tells of its runtime goes into `go`, `node` or `python`.
 */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Readings } from '#record/observed.js'
import type { Collector, CollectorContext } from '../../types.js'
import { Rates } from '../rates.js'
import { placeOf, readServiceUri, reasonOf, unreachable } from '../service-uri.js'
import { parseExposition } from './exposition.js'
import { fetchText } from './fetch-text.js'
import { queriesOf, type Query, readAnswer } from './queries.js'
import { MAX_SERIES, SeriesReducer } from './reduce.js'
import { runtimeReadings } from './runtimes.js'

const EXAMPLE = 'prometheus+http://127.0.0.1:9090/metrics, or prometheus+http://127.0.0.1:9090?query=up'
const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.8,*/*;q=0.1'
/** A query that was refused is answered with one of the latter, and the reason as JSON. */
const queryStatuses = [200, 400, 422, 503]
/** With so many more samples a scrape comes a second later. Not by its time: a busy target answers late. */
const SAMPLES_PER_PAUSE = 2000

export function createPrometheusCollector(uri: string): Collector {
  return new PrometheusCollector(uri)
}

class PrometheusCollector implements Collector {
  readonly part = 'prometheus'
  readonly costly = false
  readonly #url: URL
  readonly #queries: readonly Query[]
  readonly #isTargets: boolean
  readonly #matches: (name: string) => boolean
  #context!: CollectorContext
  #rates!: Rates
  #reducer!: SeriesReducer
  #also: Record<string, Readings> = {}
  #pause = 0
  #openedNs = 0
  #cost = { scrapes: 0, ms: 0 }
  #told = new Set<string>()

  constructor(uri: string) {
    const url = readServiceUri(uri.replace(/^prometheus\+/, ''), EXAMPLE)
    this.#queries = queriesOf(url)
    this.#isTargets = url.searchParams.get('of') === 'target'
    this.#matches = matcher(url.searchParams.get('match'))
    const isOurs = (key: string): boolean => /^(?:of|match|query|query\..*)$/.test(key)
    url.search = new URLSearchParams([...url.searchParams].filter(([key]) => !isOurs(key))).toString()
    this.#url = url
  }

  get describes(): string {
    const place = placeOf(this.#url, this.#url.protocol === 'https:' ? 443 : 80)
    return this.#queries.length > 0 ? `Prometheus server at ${place}` : `metrics of ${place}${this.#url.pathname}`
  }

  async open(context: CollectorContext): Promise<void> {
    this.#context = context
    this.#rates = new Rates(context.clock)
    this.#reducer = new SeriesReducer(this.#rates, this.#matches)
    this.#openedNs = context.clock.nowNs()
    try {
      await this.#take()
    } catch (error) {
      throw unreachable(
        this.describes.replace(/^m/, 'M'),
        error,
        `Check the address with: curl ${this.#url.protocol}//${this.#url.host}${this.#url.pathname}`,
      )
    }
  }

  async read(): Promise<Readings> {
    this.#also = {}
    if (this.#pause-- > 0) return {}
    return await this.#take()
  }

  also(): Readonly<Record<string, Readings>> {
    return this.#also
  }

  cost(): Readonly<Record<string, number>> {
    const seconds = (this.#context.clock.nowNs() - this.#openedNs) / 1e9
    // Time until the answer was there: an upper bound of what the endpoint did for us.
    return seconds <= 0 ? {} : { requestsPerS: this.#cost.scrapes / seconds, waitedMsPerS: this.#cost.ms / seconds }
  }

  async close(): Promise<void> {}

  async #take(): Promise<Readings> {
    const startNs = this.#context.clock.nowNs()
    const readings = this.#queries.length > 0 ? await this.#ask() : await this.#scrape()
    this.#cost.ms += (this.#context.clock.nowNs() - startNs) / 1e6
    return readings
  }

  async #scrape(): Promise<Readings> {
    const text = await this.#get(this.#url, [200])
    const exposition = parseExposition(text)
    if (exposition.samples.length === 0) throw new Error('what it answers is in no format of Prometheus')
    this.#pause = Math.floor(exposition.samples.length / SAMPLES_PER_PAUSE)
    this.#rates.begin()
    const readings = this.#reducer.reduce(exposition)
    if (this.#isTargets) this.#also = runtimeReadings(exposition, this.#rates)
    const { badLines, cut } = exposition
    if (badLines > 0) this.#tell('bad', `${badLines} lines are in no format of Prometheus and were left out`)
    if (cut + this.#reducer.refused > 0) {
      const left = cut + this.#reducer.refused
      this.#tell('many', `${left} series and more were left out, ${MAX_SERIES} are kept (choose with match=REGEX)`)
    }
    return readings
  }

  async #ask(): Promise<Readings> {
    // A server's data is as old as its own scrapes: asking it every second would tell nothing new.
    this.#pause = 4
    const readings: Record<string, Readings[string]> = {}
    for (const [i, query] of this.#queries.entries()) {
      const url = new URL('api/v1/query', `${this.#url.origin}${this.#url.pathname.replace(/\/*$/, '/')}`)
      url.username = this.#url.username
      url.password = this.#url.password
      url.searchParams.set('query', query.promql)
      try {
        Object.assign(readings, Object.fromEntries(readAnswer(await this.#get(url, queryStatuses), query, i + 1)))
      } catch (error) {
        if (this.#queries.length === 1) throw error
        this.#tell(`query ${i}`, `${query.name ?? query.promql}: ${reasonOf(error)}`)
      }
    }
    return readings
  }

  async #get(url: URL, statuses: readonly number[]): Promise<string> {
    this.#cost.scrapes++
    const { clock, signal } = this.#context
    return await fetchText(url, { accept, statuses, clock, signal })
  }

  #tell(what: string, why: string): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    this.#context.event('collector', { describes: this.describes, state: 'partial', why })
  }
}

/** @throws PW_OBSERVE_URI */
function matcher(pattern: string | null): (name: string) => boolean {
  if (pattern === null) return () => true
  try {
    const regex = new RegExp(pattern)
    return (name) => regex.test(name)
  } catch (error) {
    throw new PerfwrightError({
      code: 'PW_OBSERVE_URI',
      message: `match=${pattern} is no regular expression: ${reasonOf(error)}.`,
      fix: 'Percent-encode it: + is %2B, & is %26.',
      exitCode: ExitCode.usage,
    })
  }
}
