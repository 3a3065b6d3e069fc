import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MetricRegistry, TagRegistry } from '#metrics/index.js'
import type { Metric, WindowBatch, WindowRow } from '#metrics/types.js'
import { RELATIVE_ERROR } from '#stats/index.js'
import type { AppendFile, Disk } from './disk.js'
import { encodeFrame, encodeHead } from './frame.js'
import { checksumOf, type SegmentFacts } from './rollup/segments.js'
import type { SeriesWindow } from './series-reader.js'
import type { RunHeader, WindowSpan } from './types.js'

/** A file of a series is closed at this size: a damaged definition costs the rows of one file at most. */
export const SEGMENT_BYTES: number = 16 << 20

/** Who is told what goes into a series, as its readers will find it. */
export interface SeriesListener {
  window(window: SeriesWindow): void
  /** A file is complete. */
  segment(facts: SegmentFacts): void
}

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
  readonly #listener: SeriesListener | undefined
  /** What the listener knows already. */
  readonly #metricsHeard = new Set<number>()
  readonly #tagSetsHeard = new Set<number>()
  #file: AppendFile | undefined
  #bytes = 0
  #segment = 0
  #seq = 0
  /** The last write failed, so a part of a line may stand at the end of the file. */
  #torn = false
  #allBytes = 0
  #facts: Omit<SegmentFacts, 'file' | 'bytes' | 'crc32'> | undefined
  #crc = 0
  /** A window of the open file was lost, or stands in it torn. */
  #hasGap = false

  constructor(
    disk: Disk,
    dir: string,
    run: RunHeader,
    {
      segmentBytes = SEGMENT_BYTES,
      listener,
    }: { readonly segmentBytes?: number | undefined; readonly listener?: SeriesListener } = {},
  ) {
    this.#listener = listener
    this.#disk = disk
    this.#dir = dir
    this.#run = run
    this.#segmentBytes = segmentBytes
  }

  /** Windows that were given a number so far, written or not. */
  get windows(): number {
    return this.#seq
  }

  /** That were written so far, before compression. */
  get bytes(): number {
    return this.#allBytes
  }

  /** Notes a window that was never tried: readers see the gap. Its definitions must still be learned (`learn`). */
  skip(): void {
    this.#seq++
    this.#hasGap = true
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
    const metrics = this.#metricsOf(rows, this.#metricsTold)
    const tagSets = this.#tagSetsOf(rows, this.#tagSetsTold)
    this.#tell(rows, span, source)
    const hadGap = this.#hasGap
    this.#hasGap = true
    await this.#append(encodeFrame({ seq, ...span, source, metrics, tagSets, rows }))
    this.#hasGap = hadGap
    this.#facts = {
      firstSeq: this.#facts?.firstSeq ?? seq,
      lastSeq: seq,
      fromNs: this.#facts?.fromNs ?? span.fromNs,
      lastToNs: Math.max(this.#facts?.lastToNs ?? 0, span.toNs),
      lastUnixMs: Math.max(this.#facts?.lastUnixMs ?? 0, span.unixMs),
    }
    // Told only now: a reader may not have seen what a failed write was to say.
    for (const { id } of metrics) this.#metricsTold.add(id)
    for (const { id } of tagSets) this.#tagSetsTold.add(id)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
    if (file !== undefined) this.#tellSegment(this.#path(), this.#bytes, this.#crc)
  }

  #metricsOf(rows: readonly WindowRow[], told: ReadonlySet<number>): Metric[] {
    return distinct(rows, 'metric', told).map((id) => this.#registry.all[id] as Metric)
  }

  #tagSetsOf(rows: readonly WindowRow[], told: ReadonlySet<number>): WindowBatch['tagSets'][number][] {
    return distinct(rows, 'tags', told).map((id) => ({ id, entries: this.#tags.byId(id)?.entries ?? [] }))
  }

  #tell(rows: readonly WindowRow[], { fromNs, toNs, unixMs }: WindowSpan, source: string): void {
    if (this.#listener === undefined) return
    const metrics = this.#metricsOf(rows, this.#metricsHeard)
    const tagSets = this.#tagSetsOf(rows, this.#tagSetsHeard)
    for (const { id } of metrics) this.#metricsHeard.add(id)
    for (const { id } of tagSets) this.#tagSetsHeard.add(id)
    this.#listener.window({ fromNs, toNs, unixMs, source, batch: { metrics, tagSets, rows } })
  }

  #tellSegment(path: string, bytes: number, checksum: number): void {
    const facts = this.#facts
    this.#facts = undefined
    if (facts !== undefined && !this.#hasGap)
      this.#listener?.segment({ file: basename(path), bytes, crc32: checksum, ...facts })
  }

  #path(): string {
    return join(this.#dir, `${String(this.#segment).padStart(6, '0')}.ndjson`)
  }

  async #endSegment(): Promise<void> {
    const file = this.#file
    const path = this.#path()
    const [bytes, checksum] = [this.#bytes, this.#crc]
    this.#file = undefined
    this.#bytes = 0
    this.#crc = 0
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
      const packed = `${path}.gz`
      const size = (await this.#disk.stat(packed))?.bytes
      if (size !== undefined && this.#listener !== undefined)
        this.#tellSegment(packed, size, await checksumOf(this.#disk, packed))
    } catch {
      // Nothing is lost: the plain file stays.
      await this.#disk.remove(`${path}.gz.tmp`).catch(() => {})
      this.#tellSegment(path, bytes, checksum)
    }
    this.#facts = undefined
    this.#hasGap = false
  }

  async #append(line: Buffer): Promise<void> {
    const data = this.#torn ? Buffer.concat([Buffer.from('\n'), line]) : line
    this.#torn = true
    await (this.#file as AppendFile).write(data)
    this.#torn = false
    this.#bytes += data.length
    this.#allBytes += data.length
    this.#crc = crc32(data, this.#crc)
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
