import { join } from 'node:path'
import { MetricRegistry, TagRegistry } from '#metrics/index.js'
import type { Metric, WindowBatch, WindowRow } from '#metrics/types.js'
import { RELATIVE_ERROR } from '#stats/index.js'
import type { AppendFile, Disk } from './disk.js'
import { encodeFrame, encodeHead } from './frame.js'
import type { RunHeader, WindowSpan } from './types.js'

/** A file of a series is closed at this size: a damaged definition costs the rows of one file at most. */
export const SEGMENT_BYTES: number = 16 << 20

/**
 * Appends windows of any number of sources to `NNNNNN.ndjson` files of one folder, and compresses those that are full
 * to `NNNNNN.ndjson.gz` (a fourth of the size). One call at a time.
 */
export class SeriesWriter {
  readonly #disk: Disk
  readonly #dir: string
  readonly #run: RunHeader
  readonly #segmentBytes: number
  readonly #registry = new MetricRegistry()
  readonly #tags = new TagRegistry()
  readonly #sources = new Map<string, Source>()
  /** What the open file defines already. */
  readonly #metricsTold = new Set<number>()
  readonly #tagSetsTold = new Set<number>()
  #file: AppendFile | undefined
  #bytes = 0
  #segment = 0
  #seq = 0
  /** The last write failed, so a part of a line may stand at the end of the file. */
  #torn = false

  constructor(disk: Disk, dir: string, run: RunHeader, segmentBytes: number = SEGMENT_BYTES) {
    this.#disk = disk
    this.#dir = dir
    this.#run = run
    this.#segmentBytes = segmentBytes
  }

  /** Windows that were given a number so far, written or not. */
  get windows(): number {
    return this.#seq
  }

  /** Notes a window that was never tried: readers see the gap. Its definitions must still be learned (`learn`). */
  skip(): void {
    this.#seq++
  }

  /** Takes in a batch's definitions, which its source will not repeat. */
  learn(batch: WindowBatch, source: string): void {
    let known = this.#sources.get(source)
    if (known === undefined) {
      known = { metrics: new Map(), tagSets: new Map() }
      this.#sources.set(source, known)
    }
    for (const metric of batch.metrics) {
      const { name, type, contains } = metric
      known.metrics.set(
        metric.id,
        metric.own ? this.#registry.defineOwn(name, type, contains) : this.#registry.define(name, type, contains),
      )
    }
    for (const set of batch.tagSets) known.tagSets.set(set.id, this.#tags.intern(set.entries).id)
  }

  /** @throws what the disk says; the window is then lost, and the next call starts on a line of its own */
  async write(batch: WindowBatch, span: WindowSpan, source: string): Promise<void> {
    const seq = this.#seq++
    if (this.#bytes >= this.#segmentBytes) await this.#endSegment()
    this.#file ??= await this.#disk.append(this.#path())
    if (this.#bytes === 0) await this.#append(encodeHead(this.#run, RELATIVE_ERROR))
    const rows = this.#translate(batch.rows, source)
    const metrics = distinct(rows, 'metric', this.#metricsTold).map((id) => this.#registry.all[id] as Metric)
    const tagSets = distinct(rows, 'tags', this.#tagSetsTold).map((id) => ({
      id,
      entries: this.#tags.byId(id)?.entries ?? [],
    }))
    await this.#append(encodeFrame({ seq, ...span, source, metrics, tagSets, rows }))
    // Told only now: a reader may not have seen what a failed write was to say.
    for (const { id } of metrics) this.#metricsTold.add(id)
    for (const { id } of tagSets) this.#tagSetsTold.add(id)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #path(): string {
    return join(this.#dir, `${String(this.#segment).padStart(6, '0')}.ndjson`)
  }

  async #endSegment(): Promise<void> {
    const file = this.#file
    const path = this.#path()
    this.#file = undefined
    this.#bytes = 0
    this.#torn = false
    this.#segment++
    this.#metricsTold.clear()
    this.#tagSetsTold.clear()
    await file?.close()
    // Whole under its name before the plain one goes; a reader that finds both takes the plain one.
    try {
      await this.#disk.gzip(path, `${path}.gz.tmp`)
      await this.#disk.rename(`${path}.gz.tmp`, `${path}.gz`)
      await this.#disk.remove(path)
    } catch {
      // Nothing is lost: the plain file stays.
      await this.#disk.remove(`${path}.gz.tmp`).catch(() => {})
    }
  }

  async #append(line: Buffer): Promise<void> {
    const data = this.#torn ? Buffer.concat([Buffer.from('\n'), line]) : line
    this.#torn = true
    await (this.#file as AppendFile).write(data)
    this.#torn = false
    this.#bytes += data.length
  }

  #translate(rows: readonly WindowRow[], source: string): WindowRow[] {
    const known = this.#sources.get(source)
    const out: WindowRow[] = []
    for (const row of rows) {
      const metric = known?.metrics.get(row.metric)
      const tags = known?.tagSets.get(row.tags)
      // A batch whose definitions never came is the sender's fault; the aggregate, which sees it too, throws.
      if (metric !== undefined && tags !== undefined) out.push({ ...row, metric: metric.id, tags })
    }
    return out
  }
}

interface Source {
  readonly metrics: Map<number, Metric>
  readonly tagSets: Map<number, number>
}

function distinct(rows: readonly WindowRow[], key: 'metric' | 'tags', told: ReadonlySet<number>): number[] {
  const found = new Set<number>()
  for (const row of rows) if (!told.has(row[key])) found.add(row[key])
  return [...found]
}
