/** What was observed beside the load, one series for each metric and its tags. */
import type { SeriesWindow } from '#record/index.js'
import { binOf, type Column, emptyColumn, type Grid } from './grid.js'

export interface ObservedSeries {
  /** Folder below `observed/`: `postgres`, `postgres-2`. */
  readonly part: string
  /** `postgres` for both. */
  readonly kind: string
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  /** `observed/postgres connections{state=active}`: for evidence. */
  readonly source: string
  readonly values: Column
}

/** All series of a run; more than the bound are counted and left out. */
export class ObservedTable {
  readonly all: readonly ObservedSeries[]
  /** Series that were left out because there were too many. */
  readonly refused: number
  readonly #byMetric = new Map<string, ObservedSeries[]>()

  constructor(all: readonly ObservedSeries[], refused = 0) {
    this.all = all
    this.refused = refused
    for (const series of all) {
      const key = `${series.kind} ${series.metric}`
      const list = this.#byMetric.get(key)
      if (list === undefined) this.#byMetric.set(key, [series])
      else list.push(series)
    }
  }

  /** Folders that hold anything: `host`, `postgres`, `postgres-2`. */
  get parts(): readonly string[] {
    return [...new Set(this.all.map(({ part }) => part))]
  }

  has(kind: string): boolean {
    return this.all.some((series) => series.kind === kind)
  }

  /** Series of a metric in all parts of a kind, or in one part. */
  list(kind: string, metric: string, part?: string): readonly ObservedSeries[] {
    const list = this.#byMetric.get(`${kind} ${metric}`) ?? []
    return part === undefined ? list : list.filter((series) => series.part === part)
  }

  /** The series of an untagged metric; of several parts of the kind, the first. */
  one(kind: string, metric: string, part?: string): ObservedSeries | undefined {
    return this.list(kind, metric, part)[0]
  }
}

/** Series of a record that are held. 1,800 bins of each are 58 MB. */
const MAX_SERIES = 4000

export class ObservedReader {
  readonly #grid: Grid
  readonly #parts = new Map<string, PartReader>()
  #count = 0
  #refused = 0

  constructor(grid: Grid) {
    this.#grid = grid
  }

  add(part: string, { batch, fromNs, toNs }: SeriesWindow): void {
    let reader = this.#parts.get(part)
    if (reader === undefined)
      this.#parts.set(part, (reader = { metrics: new Map(), tags: new Map(), series: new Map() }))
    for (const metric of batch.metrics) reader.metrics.set(metric.id, metric.name)
    for (const { id, entries } of batch.tagSets) reader.tags.set(id, entries)
    const bin = binOf(this.#grid, fromNs, toNs)
    for (const row of batch.rows) {
      const key = `${row.metric} ${row.tags}`
      let series = reader.series.get(key)
      if (series === undefined) {
        if (this.#count >= MAX_SERIES) {
          this.#refused++
          continue
        }
        this.#count++
        series = {
          ...identity(part, reader.metrics.get(row.metric) ?? '', reader.tags.get(row.tags) ?? []),
          values: emptyColumn(this.#grid),
          counts: new Uint16Array(this.#grid.binCount),
        }
        reader.series.set(key, series)
      }
      addValue(series, bin, row.sum)
    }
  }

  finish(): ObservedTable {
    const all = [...this.#parts.values()].flatMap((reader) => [...reader.series.values()])
    return new ObservedTable(
      all.map(({ counts: _counts, ...series }) => series),
      this.#refused,
    )
  }
}

interface PartReader {
  readonly metrics: Map<number, string>
  readonly tags: Map<number, readonly (readonly [string, string])[]>
  readonly series: Map<string, ObservedSeries & { readonly counts: Uint16Array }>
}

/** Everything of a series but its numbers. */
export function identity(
  part: string,
  metric: string,
  entries: readonly (readonly [string, string])[],
): Omit<ObservedSeries, 'values'> {
  const tags = entries.map(([key, value]) => `${key}=${value}`).join(', ')
  return {
    part,
    kind: part.replace(/-\d+$/, ''),
    metric,
    tags: Object.fromEntries(entries),
    source: `observed/${part} ${metric}${tags === '' ? '' : `{${tags}}`}`,
  }
}

/** Several readings of a bin: their mean, of maxima the largest. */
function addValue(series: ObservedSeries & { readonly counts: Uint16Array }, bin: number, value: number): void {
  const { values, counts } = series
  const before = values[bin] as number
  const n = (counts[bin] as number) + 1
  counts[bin] = n
  if (n === 1) values[bin] = value
  else if (/_max(_ms)?$/.test(series.metric)) values[bin] = Math.max(before, value)
  else values[bin] = before + (value - before) / n
}
