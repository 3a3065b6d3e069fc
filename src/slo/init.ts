/**
 * First objectives of a service, by the four steps: measure a baseline, ask what users expect, promise 10 to 20 % better than
 * the baseline where that is needed, look again at a set date.
 */
import type { RunRecord } from '#record/index.js'
import { sketchQuantileInterval } from '#stats/index.js'
import { allowedShare } from './budget.js'
import type { ServiceClass } from './classes.js'
import { BASELINE_ANNOTATION, REVIEW_ANNOTATION, type Slo, type SloFile } from './model.js'
import { allowedText, kebab, percentText } from './write.js'

export interface InitOptions {
  readonly service: string
  readonly expected: ServiceClass
  /** Share by which the promise is better than the baseline: 0.1 to 0.2. */
  readonly better: number
  readonly windowDays: number
  /** `2027-02-23` */
  readonly reviewOn: string
  /** Endpoints that get objectives of their own; the dearest so many. */
  readonly endpoints: number
  /** Prometheus metric of response times, without `_bucket`. */
  readonly durationMetric: string
  /** Label matchers of the service: `job="shop"`. */
  readonly matchers: string
}

export interface Proposal {
  readonly file: SloFile
  readonly lines: readonly ProposalLine[]
}

/** How one promise came about. */
export interface ProposalLine {
  readonly slo: string
  readonly baseline: {
    readonly value: number
    readonly low: number | null
    readonly high: number | null
    readonly count: number
  } | null
  readonly expected: number
  readonly promised: number
  readonly unit: 'ms' | 'ratio' | '/s'
  readonly binding: 'expectation' | 'baseline'
  readonly note: string
}

/** @param records  of the baseline; three and more show how much runs differ */
export async function proposeSlos(records: readonly RunRecord[], options: InitOptions): Promise<Proposal> {
  const lines: ProposalLine[] = []
  const slos: Slo[] = []
  const add = (slo: Slo, line: ProposalLine): void => {
    slos.push({ ...slo, annotations: { ...slo.annotations, ...annotationsOf(line, options, records.length) } })
    lines.push(line)
  }
  for (const { name, tags, quantiles } of [...(await wholeService()), ...(await dearest(records, options.endpoints))]) {
    for (const [q, expectedMs] of quantiles(options.expected)) {
      const baseline = await quantileOf(records, tags, q)
      const promised = latencyPromise(expectedMs, baseline?.value, options.better)
      const title = `${name === '' ? 'Requests' : name}: p${q * 100} below ${promised.ms} ms`
      add(latencySlo(title, name, tags, q, promised.ms, options), {
        slo: title,
        baseline,
        expected: expectedMs,
        promised: promised.ms,
        unit: 'ms',
        binding: promised.binding,
        note: latencyNote(expectedMs, promised, baseline),
      })
    }
  }
  const failures = await failuresOf(records)
  const availability = options.expected.availability
  const title = `Requests: ${percentText(availability)} succeed`
  add(availabilitySlo(title, availability, options), {
    slo: title,
    baseline:
      failures === null
        ? null
        : { value: 1 - failures.bad / failures.total, low: null, high: null, count: failures.total },
    expected: availability,
    promised: availability,
    unit: 'ratio',
    binding: 'expectation',
    note: availabilityNote(availability, failures),
  })
  return { file: { service: options.service, labels: {}, slos }, lines }
}

interface Scope {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  quantiles(expected: ServiceClass): readonly (readonly [number, number])[]
}

async function wholeService(): Promise<Scope[]> {
  return [
    {
      name: '',
      tags: {},
      quantiles: ({ p95Ms, p99Ms }) => [
        [0.95, p95Ms],
        [0.99, p99Ms],
      ],
    },
  ]
}

/** Endpoints by the time that all their requests take together. */
async function dearest(records: readonly RunRecord[], count: number): Promise<Scope[]> {
  if (count === 0) return []
  const cost = new Map<string, number>()
  for (const record of records) {
    for (const { tags, sink } of await record.totalsOf({ metric: 'http_req_duration', by: ['name'] }))
      if (tags['name'] !== undefined) cost.set(tags['name'], (cost.get(tags['name']) ?? 0) + sink.sum)
  }
  return [...cost]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name]) => ({ name, tags: { name }, quantiles: ({ p95Ms }) => [[0.95, p95Ms]] }))
}

async function quantileOf(
  records: readonly RunRecord[],
  tags: Readonly<Record<string, string>>,
  q: number,
): Promise<ProposalLine['baseline']> {
  const sketches = []
  for (const record of records) {
    const total = (await record.totalsOf({ metric: 'http_req_duration', tags }))[0]
    if (total !== undefined) sketches.push(total.sink.sketch)
  }
  const found = sketches.length === 0 ? undefined : sketchQuantileInterval(sketches, q)
  if (found === undefined) return null
  const count = sketches.reduce((sum, { count: n }) => sum + n, 0)
  const side = (value: number): number | null => (Number.isFinite(value) ? value : null)
  return { value: found.value, low: side(found.low), high: side(found.high), count }
}

interface Promised {
  readonly ms: number
  readonly binding: 'expectation' | 'baseline'
}

/** What users expect binds where the service is slower or as good; a service that is much better promises to stay so. */
function latencyPromise(expectedMs: number, baselineMs: number | undefined, better: number): Promised {
  const improved = baselineMs === undefined ? Number.POSITIVE_INFINITY : baselineMs * (1 - better)
  return improved < expectedMs
    ? { ms: niceMs(improved), binding: 'baseline' }
    : { ms: expectedMs, binding: 'expectation' }
}

/** Two significant digits: a promise of 83.7 ms is none that a person keeps in mind. */
function niceMs(ms: number): number {
  return Number(ms.toPrecision(2))
}

function latencyNote(expectedMs: number, { ms, binding }: Promised, baseline: ProposalLine['baseline']): string {
  if (baseline === null) return 'nothing was measured: the expectation stands alone'
  const { value, low, high } = baseline
  const isWide = low !== null && high !== null && (high - low) / 2 > Math.abs(value - ms) && value > 0
  const doubt = isWide ? '; the baseline is less sure than the step: measure longer' : ''
  if (binding === 'expectation')
    return `${value > expectedMs ? 'the baseline misses it: first make it so' : 'the baseline holds it'}${doubt}`
  return `better than users expect (${expectedMs} ms): kept as it is, with a step${doubt}`
}

function latencySlo(
  title: string,
  endpoint: string,
  tags: Readonly<Record<string, string>>,
  q: number,
  ms: number,
  { durationMetric, matchers, windowDays }: InitOptions,
): Slo {
  const metric = tags['name'] === undefined ? 'http_req_duration' : `http_req_duration{name:${tags['name']}}`
  const join = (extra: string): string => [matchers, extra].filter((part) => part !== '').join(',')
  const part = endpoint === '' ? '' : `handler="${routeOf(endpoint)}"`
  const counter = (suffix: string, extra: string): string =>
    `sum(rate(${durationMetric}_${suffix}{${[join(part), extra].filter((one) => one !== '').join(',')}}[{{.window}}]))`
  const name = kebab(`${endpoint === '' ? 'latency' : endpoint}-p${q * 100}`)
  return {
    name,
    title,
    description: `${percentText(q)} of requests are answered within ${ms} ms.`,
    target: q,
    windowDays,
    indicator: { kind: 'good', events: counter('bucket', `le="${ms / 1000}"`), total: counter('count', '') },
    threshold: { metric, source: `p(${q * 100})<${ms}` },
    annotations: {},
    alerting: bareAlerting(name),
    place: '',
  }
}

function availabilitySlo(title: string, target: number, { durationMetric, matchers, windowDays }: InitOptions): Slo {
  const failed = [matchers, 'code=~"5.."'].filter((part) => part !== '').join(',')
  return {
    name: 'availability',
    title,
    description: `At most ${allowedText(target)} of requests fail.`,
    target,
    windowDays,
    indicator: {
      kind: 'bad',
      events: `sum(rate(${durationMetric}_count{${failed}}[{{.window}}]))`,
      total: `sum(rate(${durationMetric}_count{${matchers}}[{{.window}}]))`,
    },
    threshold: { metric: 'http_req_failed', source: `rate<${allowedShare(target)}` },
    annotations: {},
    alerting: bareAlerting('availability'),
    place: '',
  }
}

function bareAlerting(name: string): Slo['alerting'] {
  const nothing = { labels: {}, annotations: {} }
  return {
    name: name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase()),
    page: nothing,
    ticket: nothing,
  }
}

/** `GET http://host/cart?id=1` as `/cart`. */
function routeOf(endpoint: string): string {
  const path = /(?:https?:\/\/[^/\s]+)?(\/[^\s?#]*)/.exec(endpoint)?.[1] ?? endpoint
  return path.replace(/["\\\n]/g, '')
}

async function failuresOf(
  records: readonly RunRecord[],
): Promise<{ readonly bad: number; readonly total: number } | null> {
  let [bad, total] = [0, 0]
  for (const record of records) {
    const found = (await record.totalsOf({ metric: 'http_req_failed' }))[0]
    bad += found?.sink.sum ?? 0
    total += found?.sink.count ?? 0
  }
  return total === 0 ? null : { bad, total }
}

function availabilityNote(target: number, failures: { readonly bad: number; readonly total: number } | null): string {
  if (failures === null) return 'nothing was measured: the expectation stands alone'
  const { bad, total } = failures
  const seen = `${bad} of ${total} failed`
  if (bad / total > allowedShare(target)) return `${seen}: the baseline misses it: first make it so`
  const needed = Math.ceil(3 / allowedShare(target))
  return total < needed && bad === 0
    ? `${seen}, which is too few to show it: it takes ${needed} without a failure`
    : `${seen}: the baseline holds it`
}

function annotationsOf(
  { baseline, unit }: ProposalLine,
  { reviewOn }: InitOptions,
  runs: number,
): Readonly<Record<string, string>> {
  const round = (value: number): string => String(Number(value.toPrecision(4)))
  const interval =
    baseline === null || baseline.low === null || baseline.high === null
      ? ''
      : ` [${round(baseline.low)}, ${round(baseline.high)}]`
  return {
    [REVIEW_ANNOTATION]: reviewOn,
    ...(baseline === null
      ? {}
      : {
          [BASELINE_ANNOTATION]: `${round(baseline.value)}${unit === 'ms' ? ' ms' : ''}${interval}, ${baseline.count} requests in ${runs === 1 ? 'one run' : `${runs} runs`}`,
        }),
  }
}
