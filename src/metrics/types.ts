/**
 * Metrics as k6 names them. A sample is (metric, tag set, value); a tag set is interned, so hot paths compare and
 * cache by identity. The worker that runs VUs aggregates into per-second windows at once: memory follows the number of
 * distinct (metric, tag set) pairs, never the number of requests.
 */
export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend'
/** What the value is: plain number, time in milliseconds, or bytes. */
export type ValueKind = 'default' | 'time' | 'data'

export interface Metric {
  /** Dense, from 0, the same in every worker of a run: definitions are replayed in order. */
  readonly id: number
  readonly name: string
  readonly type: MetricType
  readonly contains: ValueKind
  /** perfwright's own (response time from the intended start, ...): in the record and our summary, not in k6-shaped output. */
  readonly own: boolean
}

/** One immutable, interned set of tags. Equal content is the same object within a `TagRegistry`. */
export interface TagSet {
  readonly id: number
  /** Sorted by key. */
  readonly entries: readonly (readonly [key: string, value: string])[]
  get(key: string): string | undefined
  with(key: string, value: string): TagSet
  withAll(tags: Readonly<Record<string, string>>): TagSet
  without(key: string): TagSet
  toObject(): Record<string, string>
}

/** Where one VU's code puts samples. `at` is wall-clock ms; only attached raw outputs (json, csv) use it. */
export interface SampleSink {
  add(metric: Metric, tags: TagSet, value: number, metadata?: Readonly<Record<string, string>>): void
}

/**
 * One drained window: plain data, structured-clone safe. New metrics and tag sets come first, so a reader needs no
 * other channel to make sense of `rows`.
 */
export interface WindowBatch {
  readonly metrics: readonly Metric[]
  readonly tagSets: readonly { readonly id: number; readonly entries: readonly (readonly [string, string])[] }[]
  readonly rows: readonly WindowRow[]
}

export interface WindowRow {
  readonly metric: number
  readonly tags: number
  readonly count: number
  /** counter: sum of values; rate: number of non-zero values; gauge: the last value; trend: sum of values. */
  readonly sum: number
  readonly min: number
  readonly max: number
  /** Trend only: the sketch's buckets as `[index, count, index, count, ...]`, and its zero count. */
  readonly buckets?: Float64Array
  readonly zeros?: number
  /** Trend only: the values themselves, beside the buckets, while the series had few of them in the whole run. */
  readonly values?: Float64Array
}
