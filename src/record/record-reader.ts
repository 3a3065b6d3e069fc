import { basename, join } from 'node:path'
import { type Metric, MetricAggregate, MetricRegistry } from '#metrics/index.js'
import { RELATIVE_ERROR } from '#stats/index.js'
import type { Analysis } from './analysis.js'
import { type Disk, nodeDisk } from './disk.js'
import { diskReason } from './errors.js'
import { readEvents } from './event-reader.js'
import type { Finding } from './findings.js'
import { readAnalysis, readFindings } from './findings-file.js'
import { Merger, type SeriesTotal, type TimeRange, type TotalsQuery } from './merger.js'
import { isSystemError, readRunFile, type StateOptions, stateOf } from './run-file.js'
import { objectivesIn } from './rollup/objective-parts.js'
import { digestWindows } from './rollup/read-windows.js'
import { readRollup } from './rollup/rollup-reader.js'
import { readSegments } from './rollup/segments.js'
import type { LoadDigest } from './rollup/types.js'
import { noFindings, SeriesReader, type SeriesWindow } from './series-reader.js'
import { checksOf, totalsOf } from './totals.js'
import type { CheckGroup, Missing, RecordEvent, RunFile, RunTotals } from './types.js'

export interface ReaderOptions extends StateOptions {
  readonly disk?: Disk
}

/**
 * Opens a record: one that ended, one under way, one whose run was killed, one that lost a part of its files.
 * Goes through the whole series, so `missing` is complete: window by window, or, of a finished run that left a list of its
 * files, by their checksums.
 * @param dir  the folder that holds `run.json`
 * @throws PW_RECORD_UNREADABLE, PW_RECORD_INVALID, PW_RECORD_NEWER
 */
export async function readRecord(dir: string, options: ReaderOptions = {}): Promise<RunRecord> {
  const disk = options.disk ?? nodeDisk
  const found = noFindings()
  const aggregate = new MetricAggregate(new MetricRegistry())
  try {
    const listed = await readSegments(disk, dir)
    // What has its totals in `run.json` needs none of the rows for them.
    const files: typeof listed = listed.size > 0 && (await hasTotals(dir, disk)) ? listed : new Map()
    const series = new SeriesReader(disk, join(dir, 'series'), 'series')
    for await (const window of series.windows(found, files)) {
      if (files.size === 0) aggregate.merge(window.batch, window)
    }
  } catch (error) {
    if (!isSystemError(error)) throw error
    found.missing.push({ what: 'series: what could not be read', why: diskReason(error) })
  }
  const missing: Missing[] = []
  const run = await readRunFile(dir, disk, found, missing)
  const runFileLost = missing.length > 0
  const state = stateOf(run, found, options)
  if (found.tornEnd !== undefined && state !== 'running') found.missing.push(found.tornEnd)
  missing.push(...run.missing, ...found.missing)
  const lost = (run.written?.windows ?? found.windows) - found.windows
  if (lost > 0 && found.missing.length === 0)
    missing.push({ what: `series: ${lost} windows at its end`, why: 'the files were cut off, or not all were written' })
  if (state === 'killed' && !runFileLost)
    missing.push({ what: 'verdicts, trust, exit code', why: 'the run was killed before it could write them' })
  const durationNs = run.durationNs ?? found.lastToNs
  // A run that never got to write its totals has them in its series.
  return new RunRecord({
    dir,
    disk,
    run,
    state,
    missing,
    durationNs,
    totals: run.summary ?? totalsOf(aggregate, durationNs / 1e9),
    checks: run.checks ?? checksOf(aggregate),
  })
}

/** A run that ended and wrote so. */
async function hasTotals(dir: string, disk: Disk): Promise<boolean> {
  try {
    const run = await readRunFile(dir, disk, noFindings(), [])
    return run.state === 'finished' && run.summary !== null && run.checks !== null
  } catch {
    // Said when it is read for good.
    return false
  }
}

type RunRecordInit = Pick<RunRecord, 'dir' | 'run' | 'state' | 'missing' | 'durationNs' | 'totals' | 'checks'> & {
  readonly disk: Disk
}

/** A record as it stands on disk. */
export class RunRecord {
  /** The folder. */
  readonly dir: string
  /** `run.json`, brought to the present version. */
  readonly run: RunFile
  readonly state: 'finished' | 'running' | 'killed'
  /** What is not there, and why. Empty when the record is whole. */
  readonly missing: readonly Missing[]
  /** Monotonic length of the run; where `run.json` does not say it, up to the last window. */
  readonly durationNs: number
  /** From `run.json`; of a run that did not end, from its series. */
  readonly totals: RunTotals
  readonly checks: CheckGroup
  readonly #disk: Disk
  #digest: Promise<LoadDigest> | undefined

  /** Use `readRecord`. */
  constructor(init: RunRecordInit) {
    this.dir = init.dir
    this.run = init.run
    this.state = init.state
    this.missing = init.missing
    this.durationNs = init.durationNs
    this.totals = init.totals
    this.checks = init.checks
    this.#disk = init.disk
  }

  /** Name of the folder. */
  get id(): string {
    return basename(this.dir)
  }

  /**
   * The load as columns over time and totals: what reports and diagnosis ask for. Taken from what the run left of itself
   * as it ended, else from one pass over its windows; read once, however often it is asked for.
   */
  digest(): Promise<LoadDigest> {
    this.#digest ??= this.#readDigest()
    return this.#digest
  }

  /**
   * The windows in the order in which they were written: one a second and worker.
   * @param part  `series`, or what was observed beside the load: `observed/injector`
   */
  async *windows(range: TimeRange = {}, part = 'series'): AsyncGenerator<SeriesWindow> {
    if (part !== 'series' && !/^observed\/[a-z0-9][a-z0-9-]*$/.test(part))
      throw new RangeError(`${part} is no part of a record`)
    const { fromNs = 0, toNs = Number.POSITIVE_INFINITY } = range
    let metrics: Metric[] = []
    let tagSets: SeriesWindow['batch']['tagSets'][number][] = []
    for await (const window of new SeriesReader(this.#disk, join(this.dir, part), part).windows()) {
      metrics.push(...window.batch.metrics)
      tagSets.push(...window.batch.tagSets)
      if (window.fromNs < fromNs || window.toNs > toNs) continue
      // Definitions of windows that were passed over may be needed by this one.
      yield { ...window, batch: { metrics, tagSets, rows: window.batch.rows } }
      metrics = []
      tagSets = []
    }
  }

  /** Merges windows to totals per metric, or per metric and tags. */
  async totalsOf(query: TotalsQuery = {}, part = 'series'): Promise<readonly SeriesTotal[]> {
    const merger = new Merger(query)
    for await (const window of this.windows(query, part)) merger.add(window)
    return merger.totals()
  }

  /** As `totalsOf`, several questions over one stretch in one pass through the files. */
  async totalsOfEach(
    queries: readonly Omit<TotalsQuery, keyof TimeRange>[],
    range: TimeRange = {},
  ): Promise<readonly (readonly SeriesTotal[])[]> {
    const mergers = queries.map((query) => new Merger(query))
    for await (const window of this.windows(range)) for (const merger of mergers) merger.add(window)
    return mergers.map((merger) => merger.totals())
  }

  /**
   * Value of a trend at a quantile, over any stretch of the run and any tags.
   * @param q  0..1
   * @returns  in the metric's unit, with its error bound as a share of the value; undefined when there is no sample
   */
  async quantile(
    metric: string,
    q: number,
    query: Omit<TotalsQuery, 'metric' | 'by'> = {},
  ): Promise<{ readonly value: number; readonly relativeError: number; readonly count: number } | undefined> {
    const [total] = await this.totalsOf({ ...query, metric })
    const value = total?.sink.sketch.quantile(q)
    if (total === undefined || value === undefined) return undefined
    return { value, relativeError: total.sink.sketch.exact ? 0 : RELATIVE_ERROR, count: total.sink.count }
  }

  async #readDigest(): Promise<LoadDigest> {
    const { written, durationNs } = this.run
    const isWhole = this.state === 'finished' && !this.missing.some(({ what }) => what.startsWith('series'))
    const left =
      isWhole && written !== null && durationNs !== null
        ? await readRollup(this.#disk, this.dir, { windows: written.windows, durationNs })
        : undefined
    return left ?? digestWindows(this.windows(), this.durationNs, objectivesIn(this.run.options))
  }

  /** Names of what was observed beside the load: `injector`, `host`, ... */
  async observed(): Promise<readonly string[]> {
    return (await this.#disk.folders(join(this.dir, 'observed'))).filter((name) => /^[a-z0-9][a-z0-9-]*$/.test(name))
  }

  /** `events.ndjson`; lines that are damaged are left out and counted. */
  events(): Promise<{ readonly events: readonly RecordEvent[]; readonly missing: readonly Missing[] }> {
    return readEvents(this.#disk, join(this.dir, 'events.ndjson'), this.run.written?.events ?? 0)
  }

  /** `findings.json`; undefined when nothing has looked for any. @throws PW_RECORD_INVALID */
  findings(): Promise<readonly Finding[] | undefined> {
    return readFindings(this.#disk, this.dir)
  }

  /** `analysis.json`; undefined when nothing has made one. @throws PW_RECORD_INVALID */
  analysis(): Promise<Analysis | undefined> {
    return readAnalysis(this.#disk, this.dir)
  }
}
