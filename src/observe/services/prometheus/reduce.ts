/**
 * From the series of an endpoint to readings of one second: gauges as they are, counters as `_per_s`, histograms as
 * `_p50`, `_p95`, `_p99` of what was observed in that second.
 */
import type { Readings } from '#record/observed.js'
import type { Rates } from '../rates.js'
import { boundedText } from '../sql-text.js'
import type { Exposition, Sample } from './exposition.js'

/** Series that are kept: more would make a record grow by megabytes a minute. */
export const MAX_SERIES = 500
const MAX_BUCKETS = 200
const quantiles = [0.5, 0.95, 0.99]

interface Histogram {
  readonly base: string
  readonly labels: Readonly<Record<string, string>>
  readonly buckets: { readonly le: number; readonly observed: number }[]
}

export class SeriesReducer {
  readonly #rates: Rates
  readonly #matches: (name: string) => boolean
  readonly #kept = new Set<string>()
  readonly #refused = new Set<string>()

  /** @param matches  which families are wanted */
  constructor(rates: Rates, matches: (name: string) => boolean) {
    this.#rates = rates
    this.#matches = matches
  }

  /** Series that were left out, because there were more than are kept. */
  get refused(): number {
    return this.#refused.size
  }

  /** `rates.begin()` has been called. */
  reduce(exposition: Exposition): Readings {
    const readings = new Map<string, { tags: Record<string, string>; value: number }[]>()
    const histograms = new Map<string, Histogram>()
    const put = (name: string, labels: Readonly<Record<string, string>>, value: number | undefined): void => {
      if (value === undefined || !Number.isFinite(value)) return
      const key = recordName(name)
      const list = readings.get(key)
      const reading = { tags: tagsOf(labels), value }
      if (list === undefined) readings.set(key, [reading])
      else list.push(reading)
    }
    for (const sample of exposition.samples) {
      const { name, labels, value } = sample
      const { base, suffix } = familyOf(sample, exposition)
      const type = exposition.types.get(base) ?? (name.endsWith('_total') ? 'counter' : 'unknown')
      if (type === 'info' || suffix === '_created' || name.endsWith('_info') || !this.#matches(name)) continue
      const { le = '', ...rest } = labels
      const ofFamily = suffix === '_bucket' ? rest : labels
      if (!this.#keeps(`${base} ${seriesKey(ofFamily)}`)) continue
      const key = `${name} ${seriesKey(labels)}`
      if (suffix === '_bucket') this.#bucket({ base, labels: rest, le }, key, value, histograms)
      else if (suffix === '_sum' || suffix === '_count') put(`${name}_per_s`, labels, this.#rates.grownPerS(key, value))
      else if (type === 'counter') put(`${base}_per_s`, labels, this.#rates.grownPerS(key, value))
      else put(name, labels, value)
    }
    for (const { base, labels, buckets } of histograms.values()) {
      for (const q of quantiles) put(`${base}_p${q * 100}`, labels, quantileOf(q, buckets))
    }
    return Object.fromEntries(
      [...readings].map(([name, list]) => {
        const [only] = list
        return [name, list.length === 1 && only && Object.keys(only.tags).length === 0 ? only.value : list]
      }),
    )
  }

  #keeps(key: string): boolean {
    if (this.#kept.has(key)) return true
    if (this.#kept.size < MAX_SERIES) {
      this.#kept.add(key)
      return true
    }
    // Counted only so far: an endpoint that invents names must not fill our memory.
    if (this.#refused.size < 10_000) this.#refused.add(key)
    return false
  }

  #bucket(
    { base, labels, le }: { base: string; labels: Readonly<Record<string, string>>; le: string },
    key: string,
    value: number,
    histograms: Map<string, Histogram>,
  ): void {
    const bound = /^\+?inf$/i.test(le) ? Number.POSITIVE_INFINITY : Number(le)
    if (le === '' || Number.isNaN(bound)) return
    const of = `${base} ${seriesKey(labels)}`
    const histogram = histograms.get(of) ?? { base, labels, buckets: [] }
    histograms.set(of, histogram)
    if (histogram.buckets.length >= MAX_BUCKETS) return
    const observed = this.#rates.grown(key, value)
    if (observed !== undefined) histogram.buckets.push({ le: bound, observed })
  }
}

/** Family and the part of it: `x_bucket` of a histogram `x`, `x_total` of a counter `x` or `x_total` (both are written). */
function familyOf({ name }: Sample, { types }: Exposition): { base: string; suffix: string } {
  for (const suffix of ['_bucket', '_sum', '_count', '_created']) {
    const base = name.slice(0, -suffix.length)
    const type = name.endsWith(suffix) ? types.get(base) : undefined
    if (type === 'histogram' || type === 'summary' || (type === 'counter' && suffix === '_created')) {
      return { base, suffix }
    }
  }
  if (!name.endsWith('_total')) return { base: name, suffix: '' }
  const base = name.slice(0, -6)
  // Without a TYPE line, or with one of the full name, as in the format before OpenMetrics.
  const full = types.get(name)
  return full === undefined || full === 'counter' ? { base, suffix: '_total' } : { base: name, suffix: '' }
}

/**
 * Value below which the share `q` fell, taken as even within a bucket; as PromQL's `histogram_quantile` does it, the
 * lower bound of the first bucket is 0 when its upper one is positive, and what is beyond the last bound is that bound.
 */
function quantileOf(q: number, given: Histogram['buckets']): number | undefined {
  const buckets = [...given].sort((a, b) => a.le - b.le)
  const last = buckets.at(-1)
  if (last === undefined || last.le !== Number.POSITIVE_INFINITY || last.observed <= 0) return undefined
  const rank = q * last.observed
  const at = buckets.findIndex((bucket) => bucket.observed >= rank)
  const bucket = buckets[at]
  const before = buckets[at - 1]
  if (bucket === undefined) return undefined
  if (bucket.le === Number.POSITIVE_INFINITY) return before?.le
  const lower = before?.le ?? Math.min(0, bucket.le)
  const inBucket = bucket.observed - (before?.observed ?? 0)
  return inBucket <= 0 ? bucket.le : lower + ((bucket.le - lower) * (rank - (before?.observed ?? 0))) / inBucket
}

/** A record's metric name: letters, digits and underscores, 2 to 128 of them. */
function recordName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, '_').slice(0, 128)
  return clean.length < 2 ? `${clean}_` : clean
}

export function seriesKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function tagsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels)
      .slice(0, 12)
      .map(([name, value]) => [name.slice(0, 60), boundedText(value, 200)]),
  )
}
