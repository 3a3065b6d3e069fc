import { join } from 'node:path'
import { type Cancel, type Clock, systemClock } from '#base/clock.js'
import type { MetricAggregate } from '#metrics/index.js'
import type { WindowBatch } from '#metrics/types.js'
import { type Disk, nodeDisk } from './disk.js'
import { diskReason, recordExists } from './errors.js'
import { EventWriter } from './event-writer.js'
import { Losses } from './losses.js'
import { ObservedBatches, type Readings } from './observed.js'
import { ROLLUP_FROM_BYTES, RollupWriter } from './rollup/rollup-writer.js'
import { type SeriesListener, SeriesWriter } from './series-writer.js'
import { checksOf, totalsOf } from './totals.js'
import {
  FORMAT_VERSION,
  type Missing,
  type RecordEvent,
  type RunFile,
  type RunHeader,
  type ScenarioResult,
  type TrustRow,
  type WindowSpan,
} from './types.js'
import { WriteQueue } from './write-queue.js'

export interface WriterOptions {
  readonly disk?: Disk
  readonly clock?: Clock
  /** A file of the series is closed and compressed at this size; 16 MB when left out. */
  readonly segmentBytes?: number
  /** A series of fewer bytes leaves no roll-up; 8 MB when left out. */
  readonly rollupFromBytes?: number
  /** Told once, on the first thing that cannot be written. */
  readonly warn?: (message: string) => void
}

/** Is told what goes into a record as it goes in, for whoever shows a run while it lasts. Must neither throw nor wait. */
export interface RecordTap {
  observed(part: string, values: Readings, span: WindowSpan): void
  event(event: RecordEvent): void
}

/** How the run ended. */
export interface RunEnding {
  readonly endedUnixMs: number
  readonly durationNs: number
  readonly scenarios: readonly ScenarioResult[]
  /** As the threshold gate has them. */
  readonly thresholds: readonly {
    readonly name: string
    readonly results: readonly {
      readonly source: string
      readonly ok: boolean
      readonly value: number | undefined
      readonly spec?: { readonly abortOnFail: boolean }
    }[]
  }[]
  /** Totals and checks are taken from it; undefined when the run ended before there were any. */
  readonly aggregate: MetricAggregate | undefined
  /** `summaryTrendStats`; the record holds the usual ones besides. */
  readonly trendStats: readonly string[]
  readonly trust: TrustRow | undefined
  readonly exit: { readonly code: number; readonly reason: string | undefined }
  /** What the caller knows to be missing. */
  readonly missing?: readonly Missing[]
}

/**
 * Starts a record: makes the folder and writes `run.json` with the state `running`.
 * A disk that fails, now or later, never ends the run: the writer warns once and counts what is missing.
 * @param place  the folder of all records, in which `<UTC time>-<name>/` is made; or, as `{ dir }`, the record's own folder
 * @throws PW_RECORD_EXISTS when `{ dir }` holds a record already
 */
export async function openRecord(
  place: string | { readonly dir: string },
  header: RunHeader,
  options: WriterOptions = {},
): Promise<RecordWriter> {
  const disk = options.disk ?? nodeDisk
  const losses = new Losses(options.warn ?? (() => {}))
  let dir = typeof place === 'string' ? join(place, folderName(header)) : place.dir
  let dead: string | undefined
  try {
    if (typeof place === 'string') dir = await makeNew(disk, dir)
    else {
      await disk.mkdir(dir)
      if ((await disk.stat(join(dir, 'run.json'))) !== undefined) throw recordExists(dir)
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'PW_RECORD_EXISTS') throw error
    dead = diskReason(error)
    losses.add(dir, dead)
  }
  const writer = new RecordWriter(dir, header, { ...options, disk }, losses, dead)
  await writer.start()
  return writer
}

/** Appends to one record while the run goes on. No method waits for the disk but `finish`, and none throws for it. */
export class RecordWriter {
  readonly dir: string
  readonly #header: RunHeader
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #losses: Losses
  readonly #segmentBytes: number | undefined
  readonly #queue = new WriteQueue(MAX_WAITING)
  readonly #series: SeriesWriter
  readonly #rollup: RollupWriter
  readonly #observed = new Map<string, { readonly series: SeriesWriter; readonly batches: ObservedBatches }>()
  readonly #events: EventWriter
  readonly #folders = new Set<string>()
  readonly #taps: RecordTap[] = []
  #dead: string | undefined
  #flushing = false
  #finished = false

  /** Use `openRecord`. */
  constructor(
    dir: string,
    header: RunHeader,
    options: WriterOptions & { readonly disk: Disk },
    losses: Losses,
    dead: string | undefined,
  ) {
    this.dir = dir
    this.#header = header
    this.#disk = options.disk
    this.#clock = options.clock ?? systemClock
    this.#segmentBytes = options.segmentBytes
    this.#losses = losses
    this.#dead = dead
    const rollup = new RollupWriter(options.disk, dir, header.options, options.rollupFromBytes ?? ROLLUP_FROM_BYTES)
    this.#rollup = rollup
    this.#series = this.#newSeries('series', {
      window: (window) => rollup.add(window),
      segment: (facts) => rollup.segment(facts),
    })
    this.#events = new EventWriter(options.disk, dir)
  }

  /** What is not in the record so far, and why. */
  get missing(): readonly Missing[] {
    return this.#losses.list()
  }

  /** From now on `tap` is told of readings and events. */
  tap(tap: RecordTap): void {
    this.#taps.push(tap)
  }

  /** Writes the head of the record; `openRecord` has done so. */
  async start(): Promise<void> {
    await this.#try('run.json', undefined, async () => {
      await this.#replace(this.#runFile('running', undefined))
      // Room for the verdict: a disk that the run itself has filled must still take it.
      await this.#disk.writeFile(join(this.dir, RESERVE), Buffer.alloc(RESERVE_BYTES, ' '))
    })
  }

  /**
   * Appends one window of one source.
   * @param source  the worker; ids in `batch` mean something only within it
   */
  window(batch: WindowBatch, span: WindowSpan, source = ''): void {
    this.#append(this.#series, 'series', batch, span, source)
  }

  /**
   * Appends readings of something beside the load (`injector`, `host`, ...) as gauges to `observed/<name>/`.
   * @param values  by metric name, unit last (`heap_bytes`, `loop_lag_ms`); undefined = not measured now
   * @throws PW_METRIC_NAME for what cannot be a metric's name
   */
  observe(name: string, values: Readings, span: WindowSpan): void {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new RangeError(`${name} is no name of an observed part`)
    let part = this.#observed.get(name)
    if (part === undefined) {
      part = { series: this.#newSeries(join('observed', name)), batches: new ObservedBatches() }
      this.#observed.set(name, part)
    }
    for (const tap of this.#taps) tap.observed(name, values, span)
    this.#append(part.series, `observed/${name}`, part.batches.batch(values), span, '')
  }

  /** Notes a stage change, an error sample, a threshold crossing, an annotation, with the clock's time. */
  event(type: string, detail: Readonly<Record<string, unknown>> = {}): void {
    if (this.#finished) return
    const { place, unit } = EVENTS
    const event = { unixMs: this.#clock.unixMs(), type, detail }
    for (const tap of this.#taps) tap.event(event)
    if (!this.#events.add(event)) {
      this.#losses.add(place, 'the run had more than a record keeps', unit)
      return
    }
    if (this.#flushing) return
    this.#flushing = this.#queue.add(() => this.#flush())
  }

  /**
   * Writes what is still waiting, then the whole of `run.json` in one step. Waits for a hanging disk half a minute.
   * @returns what the record could not hold
   */
  async finish(end: RunEnding): Promise<readonly Missing[]> {
    if (this.#finished) return this.missing
    this.#finished = true
    const writing = this.#finish(end)
    let cancel: Cancel | undefined
    const tooLate = new Promise<'late'>((resolve) => {
      cancel = this.#clock.coarseAt(this.#clock.nowNs() + FINISH_LIMIT_NS, () => resolve('late'))
    })
    if ((await Promise.race([writing, tooLate])) === 'late')
      this.#losses.add('run.json', 'the disk did not answer in 30 s')
    cancel?.()
    return this.missing
  }

  /** Resolves when all that was given so far is on the disk, or counted as missing. */
  async flush(): Promise<void> {
    await this.#queue.idle()
    await this.#flush()
  }

  /** Closes the files without an ending: the record stays that of a run that was killed. */
  async abandon(): Promise<void> {
    this.#finished = true
    await this.flush()
    await this.#close()
  }

  async #finish(end: RunEnding): Promise<void> {
    await this.flush()
    await this.#close()
    if (this.#dead === undefined) await this.#rollup.finish(end.durationNs)
    await this.#try('run.json', undefined, async () => {
      await this.#disk.remove(join(this.dir, RESERVE))
      await this.#replace(this.#runFile('finished', end))
    })
  }

  async #close(): Promise<void> {
    for (const { series } of this.#observed.values()) await this.#try('observed', undefined, () => series.close())
    await this.#try('series', undefined, () => this.#series.close())
    await this.#try(EVENTS.place, undefined, () => this.#events.close())
  }

  #newSeries(name: string, listener?: SeriesListener): SeriesWriter {
    return new SeriesWriter(this.#disk, join(this.dir, name), this.#header, {
      segmentBytes: this.#segmentBytes,
      ...(listener === undefined ? {} : { listener }),
    })
  }

  #append(series: SeriesWriter, place: string, batch: WindowBatch, span: WindowSpan, source: string): void {
    if (this.#finished) return
    series.learn(batch, source)
    if (batch.rows.length === 0) return
    const queued = this.#queue.add(() =>
      this.#try(place, 'window', async () => {
        await this.#folder(place)
        await series.write(batch, span, source)
        if (series === this.#series) await this.#rollup.flush(series.bytes)
      }),
    )
    if (queued) return
    series.skip()
    this.#losses.add(place, SLOW, 'window')
  }

  async #flush(): Promise<void> {
    this.#flushing = false
    if (this.#dead !== undefined) return
    try {
      await this.#events.flush()
    } catch (error) {
      this.#losses.add(EVENTS.place, error, EVENTS.unit, (error as { lost?: number }).lost ?? 1)
    }
  }

  /** Runs a step; a failure is counted, and nothing is tried in a folder that could not be made. */
  async #try(place: string, unit: string | undefined, step: () => Promise<void>): Promise<void> {
    if (this.#dead !== undefined) return
    try {
      await step()
    } catch (error) {
      this.#losses.add(place, error, unit)
    }
  }

  async #folder(name: string): Promise<void> {
    if (this.#folders.has(name)) return
    await this.#disk.mkdir(join(this.dir, name))
    this.#folders.add(name)
  }

  #replace(run: RunFile): Promise<void> {
    return this.#swap('run.json', `${JSON.stringify(run, finiteOrWord, 2)}\n`)
  }

  /** Old content or new, never a part: readers may look at any moment. */
  async #swap(name: string, data: string): Promise<void> {
    const path = join(this.dir, name)
    try {
      await this.#disk.writeFile(`${path}.tmp`, data)
      await this.#disk.rename(`${path}.tmp`, path)
    } catch (error) {
      await this.#disk.remove(`${path}.tmp`).catch(() => {})
      throw error
    }
  }

  #runFile(state: RunFile['state'], end: RunEnding | undefined): RunFile {
    return {
      formatVersion: FORMAT_VERSION,
      state,
      ...this.#header,
      endedUnixMs: end?.endedUnixMs ?? null,
      durationNs: end?.durationNs ?? null,
      scenarios: end?.scenarios ?? [],
      thresholds: (end?.thresholds ?? []).flatMap(({ name, results }) =>
        results.map(({ source, ok, value, spec }) => ({
          metric: name,
          source,
          abortOnFail: spec?.abortOnFail ?? false,
          ok,
          value: value ?? null,
        })),
      ),
      checks: end?.aggregate === undefined ? null : checksOf(end.aggregate),
      summary: end?.aggregate === undefined ? null : totalsOf(end.aggregate, end.durationNs / 1e9, end.trendStats),
      trust: end?.trust ?? null,
      exit: end === undefined ? null : { code: end.exit.code, reason: end.exit.reason ?? null },
      missing: [...(end?.missing ?? []), ...this.missing],
      written: end === undefined ? null : { windows: this.#series.windows, events: this.#events.written },
    }
  }
}

/** Windows that may wait for the disk: two minutes of one worker. */
const MAX_WAITING = 120
const SLOW = 'the disk was too slow'
const EVENTS = { place: 'events.ndjson', unit: 'event' } as const
const FINISH_LIMIT_NS = 30e9
const RESERVE = '.reserve'
const RESERVE_BYTES = 256 << 10

/** `20261122T232741Z-login` */
function folderName(header: RunHeader): string {
  const time = new Date(header.startedUnixMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const name = header.name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '')
    .slice(0, 60)
  return name === '' ? time : `${time}-${name}`
}

/** Two runs may start in the same second. */
async function makeNew(disk: Disk, wanted: string): Promise<string> {
  for (let n = 1; n < 1000; n++) {
    const dir = n === 1 ? wanted : `${wanted}-${n}`
    if (await disk.mkdir(dir)) return dir
  }
  throw new Error('a thousand records of this second and name exist already')
}

/** JSON has no infinity; what it would turn into null is kept as a word. */
function finiteOrWord(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
