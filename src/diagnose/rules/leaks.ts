import type { Finding, Trend } from '#record/index.js'
import { blameOf } from '../blame.js'
import { fitToEndpoint } from '../endpoint-fit.js'
import type { RunFacts } from '../facts.js'
import { bytes, makeFinding, number } from '../finding.js'
import { known } from '../measure.js'
import type { ObservedSeries } from '../observed-table.js'
import { placeOf, placeText, profileEvidence } from './app-cpu.js'
import { found, notAssessed, type Rule } from './rule.js'

/** What counts as memory, the most telling first: what survives a collection is held by somebody. */
const memoryMetrics = ['heap_after_gc_bytes', 'external_bytes', 'pss_bytes', 'rss_bytes', 'memory_bytes']
const resourceMetrics = [
  'open_fds',
  'sockets',
  'goroutines',
  'threads',
  'processes',
  'active_handles',
  'connections_out',
  'connections',
  'clients',
]

export const memoryLeak: Rule = {
  name: 'memory-leak',
  kinds: ['memory-leak'],
  explains:
    'Trend of the heap after collections (else of resident memory) over the steady part of the run, by block medians, Mann-Kendall and Theil-Sen: docs/statistics.md. Resident memory that grows while the heap does not is only a note.',
  async assess(facts) {
    const trends = trendsOn(facts, memoryMetrics)
    if (trends.length === 0)
      return notAssessed('memory was not observed over a steady stretch long enough for a trend (--target-pid)')
    const growing = trends.filter(({ trend }) => trend.verdict === 'grows')
    // The heap is the better witness: of a heap that stays, a growing process says little.
    const heap = trends.find(({ series }) => series.metric === 'heap_after_gc_bytes')
    const worst = growing[0] ?? trends.find(({ series }) => climbs(facts, series))
    if (worst === undefined) return found([], `memory: ${words(trends)}`)
    const heapStays = heap !== undefined && heap.trend.verdict === 'steady' && !grewAtLast(facts, heap.series)
    return { findings: [await leakOf(facts, worst, heapStays ? 'info' : 'warning')] }
  },
}

export const resourceLeak: Rule = {
  name: 'resource-leak',
  kinds: ['resource-leak'],
  explains:
    'Trends of descriptors, sockets, goroutines, threads, connections and handles over the steady part of the run, as for memory.',
  assess(facts) {
    const trends = trendsOn(facts, resourceMetrics)
    if (trends.length === 0)
      return notAssessed(
        'descriptors, sockets and threads were not observed over a steady stretch long enough for a trend',
      )
    const growing = trends.filter(({ trend }) => trend.verdict === 'grows')
    // A socket is a descriptor, and a goroutine may hold one: one leak, seen more than once.
    const [first, ...rest] = growing.toSorted((a, b) => specific(b.series) - specific(a.series))
    if (first === undefined) return found([], `descriptors, threads and connections: ${words(trends)}`)
    return { findings: [resourceFinding(facts, first, rest)] }
  },
}

interface SeenTrend {
  readonly trend: Trend
  readonly series: ObservedSeries
}

function trendsOn(facts: RunFacts, metrics: readonly string[]): SeenTrend[] {
  const bySource = new Map(facts.evidence.observed.all.map((series) => [series.source, series]))
  return facts.analysis.trends
    .flatMap((trend) => {
      const series = bySource.get(trend.source)
      return series !== undefined && series.kind !== 'injector' && metrics.includes(series.metric)
        ? [{ trend, series }]
        : []
    })
    .sort((a, b) => metrics.indexOf(a.series.metric) - metrics.indexOf(b.series.metric))
}

function words(trends: readonly SeenTrend[]): string {
  const unsure = trends.filter(({ trend }) => trend.verdict === 'run-longer')
  if (unsure.length === 0) return 'no growth'
  return `no growth that this run is long enough to show (${unsure.map(({ series }) => series.metric).join(', ')})`
}

/**
 * Few collections leave a trend nothing to decide by. When each of five and more left more behind than the one before it
 * (one order in 120 by chance), and the last half as much again as the first, that is decision enough.
 */
function climbs(facts: RunFacts, series: ObservedSeries): boolean {
  if (series.metric !== 'heap_after_gc_bytes') return false
  const values = known(series.values, facts.mask)
  const steps = values.filter((value, i) => i === 0 || value !== values[i - 1])
  const [first = 0, last = 0] = [steps[0], steps.at(-1)]
  return (
    steps.length >= 5 &&
    steps.every((value, i) => i === 0 || value > (steps[i - 1] as number)) &&
    last >= 1.5 * first &&
    last - first >= 8e6
  )
}

/**
 * A heap that was collected once stays at that reading for as long as it is not collected again; the collection at the end of
 * the run, past the steady stretch, may tell otherwise.
 */
function grewAtLast(facts: RunFacts, { values }: ObservedSeries): boolean {
  const [first] = known(values, facts.mask)
  const last = values.findLast((value) => !Number.isNaN(value))
  return first !== undefined && last !== undefined && last >= 1.5 * first && last - first >= 8e6
}

async function leakOf(facts: RunFacts, { trend, series }: SeenTrend, severity: 'info' | 'warning'): Promise<Finding> {
  const { evidence, load } = facts
  const perS = trend.slopePerH / 3600
  const perRequest = load.requestsPerS === 0 ? 0 : perS / load.requestsPerS
  const profile = await blameOf(evidence.profiles, ['heap', 'alloc'])
  const holder = profile?.blames.find((one) => one.share >= 0.3)
  const fit = fitToEndpoint(evidence, evidence.load.requestsPerS, facts.mask, holder?.function ?? '')
  const at = fit === undefined || fit.by === 'rate' ? {} : { endpoint: fit.endpoint.name }
  const isHeap = series.metric === 'heap_after_gc_bytes'
  return makeFinding({
    rule: 'memory-leak',
    kind: 'memory-leak',
    severity:
      severity === 'info' ? 'info' : facts.severity(trend.exhaustionH !== null && trend.exhaustionH < 24 ? 0.5 : null),
    confidence: (isHeap ? 0.9 : 0.7) + (holder === undefined ? 0 : 0.05),
    title: `Memory grows by ${bytes(trend.slopePerH)} an hour${perRequest >= 1 ? ` (${bytes(perRequest)} per request)` : ''}${holder === undefined ? '' : `; ${holder.function}${placeText(holder)} allocated most of what is kept`}`,
    where:
      holder === undefined
        ? { resource: `memory of the target (${series.metric})`, ...at }
        : { ...placeOf(holder), resource: `memory of the target (${series.metric})`, ...at },
    evidence: [
      {
        text: `${isHeap ? 'the heap after collections' : series.metric.startsWith('rss') ? 'resident memory' : series.metric} grows by ${bytes(trend.slopePerH)} an hour (95 % interval ${bytes(trend.low)} to ${bytes(trend.high)})${trend.exhaustionH === null ? '' : `; its limit is reached in ${number(trend.exhaustionH)} hours`}. ${trend.note}`,
        source: trend.source,
        value: trend.slopePerH,
        unit: 'bytes/h',
        ...(facts.analysis.steady === null
          ? {}
          : { fromS: facts.analysis.steady.fromS, toS: facts.analysis.steady.toS }),
      },
      ...(holder === undefined || profile === undefined ? [] : profileEvidence(profile, holder)),
    ],
    fix: 'Bound what is kept: a cache with a size and an age, a list that is trimmed, listeners and timers that are removed. Two heap snapshots under load (perfwright profile leak) show which objects stay and who holds them.',
    prove: facts.prove('memory-leak'),
    share: null,
  })
}

function resourceFinding(facts: RunFacts, first: SeenTrend, rest: readonly SeenTrend[]): Finding {
  const { trend, series } = first
  const perRequest = facts.load.requestsPerS === 0 ? 0 : trend.slopePerH / 3600 / facts.load.requestsPerS
  const tag = Object.values(series.tags).join(' ')
  const what = names[series.metric] ?? series.metric
  const where = series.tags.function ?? (series.metric === 'goroutines' ? whereTheyWait(facts, series) : undefined)
  const [endpoint] = facts.endpoints.toSorted((a, b) => b.requestsPerS - a.requestsPerS)
  const isOnly = endpoint !== undefined && endpoint.requestsPerS > 0.9 * facts.load.requestsPerS
  return makeFinding({
    rule: 'resource-leak',
    kind: 'resource-leak',
    severity: facts.severity(trend.exhaustionH !== null && trend.exhaustionH < 24 ? 0.5 : null),
    confidence: 0.85 + (rest.length > 0 ? 0.05 : 0),
    title: `${what}${tag === '' ? '' : ` (${tag})`} grow by ${number(trend.slopePerH)} an hour${perRequest > 0.01 ? `, ${number(perRequest)} per request` : ''}, and are never given back${where === undefined ? '' : `; most of them wait in ${where}`}`,
    where: {
      resource: `${what}${tag === '' ? '' : ` ${tag}`}`,
      ...(isOnly ? { endpoint: endpoint.name } : {}),
      ...(where === undefined ? {} : { function: where }),
      ...(series.tags.peer === undefined ? {} : { host: series.tags.peer }),
    },
    evidence: [first, ...rest].slice(0, 4).map(({ trend, series }) => ({
      text: `${names[series.metric] ?? series.metric}: ${number(trend.slopePerH)} more an hour (95 % interval ${number(trend.low)} to ${number(trend.high)})${trend.exhaustionH === null ? '' : `; the limit is reached in ${number(trend.exhaustionH)} hours`}. ${trend.note}`,
      source: trend.source,
      value: trend.slopePerH,
      unit: '1/h',
    })),
    fix:
      series.metric === 'goroutines'
        ? 'Give every goroutine an end: a context that is cancelled, a channel that somebody reads or closes. The goroutine profile groups them by where they wait (perfwright profile dump).'
        : 'Close what is opened on every way out, the failing ones too (finally, defer, with), or keep a pool with a limit.',
    prove: facts.prove('resource-leak'),
    share: null,
  })
}

/** The function in which at least half of the goroutines wait that came in the course of the run. */
function whereTheyWait(facts: RunFacts, all: ObservedSeries): string | undefined {
  const { observed } = facts.evidence
  const grown = observed
    .list('go', 'goroutines_at', all.part)
    .map((series) => ({ series, growth: growthOf(series) }))
    .sort((a, b) => b.growth - a.growth)
  const [most] = grown
  return most !== undefined && most.growth > 0 && most.growth >= 0.5 * growthOf(all)
    ? most.series.tags.function
    : undefined
}

function growthOf({ values }: ObservedSeries): number {
  const seen = known(values)
  return (seen.at(-1) ?? 0) - (seen[0] ?? 0)
}

const names: Readonly<Record<string, string>> = {
  open_fds: 'open descriptors',
  sockets: 'open sockets',
  goroutines: 'goroutines',
  threads: 'threads',
  processes: 'processes',
  active_handles: 'active handles',
  connections_out: 'outgoing connections',
  connections: 'database connections',
  clients: 'clients of Redis',
}

/** The most telling name of one and the same leak. */
function specific({ metric, tags }: ObservedSeries): number {
  const order = [
    'processes',
    'threads',
    'open_fds',
    'active_handles',
    'sockets',
    'connections',
    'clients',
    'connections_out',
    'goroutines',
  ]
  return order.indexOf(metric) + (Object.keys(tags).length > 0 ? 0.5 : 0)
}
