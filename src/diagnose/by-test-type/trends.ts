/** What grew over the steady part of a run, and until when it can go on. */
import type { Stretch, Trend } from '#record/index.js'
import { type Growth, growthOf, holm, isMoving, median } from '#stats/index.js'
import type { Evidence } from '../evidence.js'
import type { Column } from '../grid.js'
import { valuesIn } from './columns.js'
import { lengthOf } from './test-type.js'
import { duration, percent, quantity } from './words.js'

interface Watched {
  readonly source: string
  readonly unit: string
  readonly column: Column
  readonly limit?: number | undefined
  /** Growth over the run below this is nobody's concern: an amount, and a share of the level. */
  readonly leastAmount: number
  readonly leastShare: number
  /** The signal moves only when something happens (a collection): between its changes nothing was measured. */
  readonly stepwise?: boolean
  readonly isLatency?: boolean
}

/** Chance of even one false alarm among all trends of a run. */
const level = 0.01
const MB = 1e6
/** Readings below which nothing is said at all. */
const fewest = 16

/** Of a stretch in which the load stood still. */
export function trendsOf(evidence: Evidence, steady: Stretch | null): readonly Trend[] {
  if (steady === null) return []
  const watched = watchedOf(evidence)
  const measured = watched.flatMap((one) => {
    const { atS, values } = changesOf(one, valuesIn(evidence, one.column, steady))
    return values.length < fewest
      ? []
      : [{ one, atS, values, isConstant: values.every((value) => value === values[0]) }]
  })
  // What never moves cannot raise a false alarm.
  const moving = measured.filter(({ isConstant }) => !isConstant)
  const tested = moving.map((seen) => ({ ...seen, growth: growthIn(seen.one, seen, level / moving.length) }))
  const adjusted = holm(tested.map(({ growth }) => growth?.p ?? 1))
  const trends = new Map(
    tested.map(({ one, atS, values, growth }, i) => [
      one,
      growth === undefined ? constant(one) : trendOf(one, { atS, values }, growth, adjusted[i]!, steady),
    ]),
  )
  return measured.map(({ one }) => trends.get(one) ?? constant(one))
}

/**
 * Response times scatter in proportion to their level: as they are, the noise of a slow end hides the way there, so they
 * are tested as logarithms. What is tested keeps its order; slope and intervals are those of the values.
 */
function growthIn(one: Watched, { atS, values }: Series, alpha: number): Growth | undefined {
  const plain = growthOf(atS, values, alpha)
  if (one.isLatency !== true || plain === undefined || values.some((value) => value <= 0)) return plain
  const inLogs = growthOf(atS, values.map(Math.log), alpha)
  return inLogs === undefined
    ? plain
    : { ...plain, p: inLogs.p, correlation: inLogs.correlation, method: inLogs.method }
}

interface Series {
  readonly atS: readonly number[]
  readonly values: readonly number[]
}

function trendOf(one: Watched, series: Series, growth: Growth, p: number, steady: Stretch): Trend {
  const { values } = series
  const lengthS = lengthOf(steady)
  const usual = Math.abs(median(values)!)
  const least = Math.max(one.leastAmount, one.leastShare * usual)
  const grown = growth.slope * lengthS
  const isSure = p < level
  const matters = Math.abs(grown) >= least
  // Not "nothing was seen", but "more than this much is ruled out".
  const margin = Math.max(least, 0.1 * usual)
  const most = mostOf(growth) * lengthS
  const isRuledOut = most <= margin
  // What filled up in the beginning and then stood still is steady: the later half alone rules growth out.
  const late = isRuledOut ? undefined : lateHalfOf(series)
  const levelledOff = late !== undefined && mostOf(late) * lengthS <= margin && !isMoving(growth, level, p)
  const verdict: Trend['verdict'] =
    isMoving(growth, level, p) && matters
      ? growth.slope > 0
        ? 'grows'
        : 'shrinks'
      : isRuledOut || levelledOff
        ? 'steady'
        : 'run-longer'
  const now = median(values.slice(-Math.max(3, Math.floor(values.length / 10))))!
  const exhaustionS =
    verdict === 'grows' && one.limit !== undefined && one.limit > now ? (one.limit - now) / growth.slope : undefined
  return {
    source: one.source,
    unit: one.unit,
    slopePerH: growth.slope * 3600,
    low: growth.low * 3600,
    high: growth.high * 3600,
    p: growth.p,
    verdict,
    detectablePerH: growth.detectable * 3600,
    exhaustionH: exhaustionS === undefined ? null : exhaustionS / 3600,
    note: noteOf(verdict, one, growth, { isSure, isRuledOut, most, lengthS, exhaustionS, grown }),
  }
}

function mostOf({ low, high }: Growth): number {
  return Math.max(Math.abs(low), Math.abs(high))
}

function lateHalfOf({ atS, values }: Series): Growth | undefined {
  const half = Math.floor(values.length / 2)
  return growthOf(atS.slice(half), values.slice(half), level)
}

function noteOf(
  verdict: Trend['verdict'],
  one: Watched,
  growth: Growth,
  seen: {
    readonly isSure: boolean
    readonly isRuledOut: boolean
    readonly most: number
    readonly lengthS: number
    readonly exhaustionS: number | undefined
    readonly grown: number
  },
): string {
  const perHour = (slope: number): string => `${quantity(slope * 3600, one.unit)} an hour`
  switch (verdict) {
    case 'grows':
    case 'shrinks': {
      const limit =
        seen.exhaustionS === undefined
          ? ''
          : ` At this slope its limit (${quantity(one.limit!, one.unit)}) is reached in ${duration(seen.exhaustionS)}.`
      return `${quantity(Math.abs(seen.grown), one.unit)} in ${duration(seen.lengthS)}: ${perHour(growth.slope)} (95 % interval ${perHour(growth.low)} to ${perHour(growth.high)}).${limit}`
    }
    case 'steady':
      return seen.isRuledOut
        ? `It changed by at most ${quantity(seen.most, one.unit)} in ${duration(seen.lengthS)} (95 % confidence).`
        : 'It moved at first and has levelled off: the later half stands still.'
    case 'run-longer': {
      if (seen.isSure && growth.lateShare < 0.7) {
        return `Growth slows down (the later half has ${percent(growth.lateShare)} of the slope): run longer to see whether it ends.`
      }
      const why =
        growth.method === 'increments'
          ? `its readings hang together for so long (correlation of neighbours ${growth.correlation.toFixed(2)}) that ${duration(seen.lengthS)} hold too few independent ones. `
          : ''
      return `Run longer: ${why}Only a slope of ${perHour(growth.detectable)} would have been found in 4 of 5 such runs.`
    }
  }
}

function constant(one: Watched): Trend {
  return {
    source: one.source,
    unit: one.unit,
    slopePerH: 0,
    low: 0,
    high: 0,
    p: 1,
    verdict: 'steady',
    detectablePerH: null,
    exhaustionH: null,
    note: 'The same at every reading.',
  }
}

function watchedOf(evidence: Evidence): readonly Watched[] {
  const { observed, load } = evidence
  const latest = (kind: string, metric: string): number | undefined => {
    const values = observed.one(kind, metric)?.values
    const last = values === undefined ? [] : Array.from(values).filter((value) => value > 0)
    return last.at(-1)
  }
  const series = (
    kind: string,
    metric: string,
    least: Pick<Watched, 'leastAmount' | 'leastShare'>,
    rest: Pick<Watched, 'limit' | 'stepwise'> = {},
  ): Watched[] =>
    observed
      .list(kind, metric)
      .map(({ source, values }) => ({ source, unit: unitOf(metric), column: values, ...least, ...rest }))
  const heap = { leastAmount: 4 * MB, leastShare: 0.05 }
  const resident = { leastAmount: 16 * MB, leastShare: 0.05 }
  const count = { leastAmount: 8, leastShare: 0.05 }
  const afterGc = [
    ...series('node', 'heap_after_gc_bytes', heap, { limit: latest('node', 'heap_limit_bytes'), stepwise: true }),
    ...series('go', 'heap_after_gc_bytes', heap, { stepwise: true }),
  ]
  const memoryLimit = latest('cgroup', 'memory_limit_bytes')
  return [
    ...afterGc,
    ...series('node', 'external_bytes', resident),
    ...series('target', 'pss_bytes', resident, { limit: memoryLimit }),
    ...series('target', 'rss_bytes', resident, { limit: memoryLimit }),
    ...series('target', 'open_fds', count, { limit: latest('target', 'fd_limit') }),
    ...series('target', 'sockets', count),
    ...series('target', 'processes', count),
    ...series('target', 'threads', count),
    ...series('target', 'connections_out', count),
    ...series('node', 'active_handles', count),
    ...series('go', 'goroutines', { leastAmount: 20, leastShare: 0.05 }),
    ...series('postgres', 'connections', count, { limit: latest('postgres', 'connections_limit') }),
    ...series('mysql', 'connections', count, { limit: latest('mysql', 'connections_limit') }),
    ...series('redis', 'clients', count, { limit: latest('redis', 'clients_limit') }),
    ...series('redis', 'memory_bytes', heap, { limit: latest('redis', 'memory_limit_bytes') }),
    {
      source: 'series http_req_duration p50',
      unit: 'ms',
      column: load.p50Ms,
      leastAmount: 1,
      leastShare: 0.1,
      isLatency: true,
    },
    {
      source: 'series http_req_duration p95',
      unit: 'ms',
      column: load.p95Ms,
      leastAmount: 2,
      leastShare: 0.15,
      isLatency: true,
    },
  ].filter(({ column }) => column.some((value) => !Number.isNaN(value)))
}

/** Of a stepwise signal the readings at which it changed. */
function changesOf(one: Watched, all: Series): Series {
  if (one.stepwise !== true) return all
  const kept = all.values.map((value, i) => i === 0 || value !== all.values[i - 1])
  const changes = kept.filter((is) => is).length
  // Few changes: the readings in between say at least that nothing grew.
  if (changes < fewest) return all
  return { atS: all.atS.filter((_, i) => kept[i]), values: all.values.filter((_, i) => kept[i]) }
}

function unitOf(metric: string): string {
  return metric.endsWith('_bytes') ? 'bytes' : metric.endsWith('_ms') ? 'ms' : ''
}
