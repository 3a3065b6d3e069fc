/**
 * Keeps, beside the rows of a run, what reports of it will ask for, so that a long record need not be read row by row.
 * Bins of every length from 1 s on are written as they close, each made of two of the length below; which of them the
 * run's length asks for is known at its end, and the others go. Whatever fails here costs a reader time, never data.
 */
import { join } from 'node:path'
import type { AppendFile, Disk } from '../disk.js'
import { toLine } from '../frame.js'
import type { SeriesWindow } from '../series-reader.js'
import { numbersOf } from './bin-numbers.js'
import { EndpointTotals } from './endpoint-totals.js'
import { type Bin, LoadBins, mergeBin } from './load-bins.js'
import { objectiveKey, objectivesIn, ObjectiveReader } from './objective-parts.js'
import {
  binLine,
  endpointLine,
  MAX_TOTALS,
  objectiveLine,
  partLine,
  ROLLUP_FORMAT,
  ROLLUP_VERSION,
} from './rollup-lines.js'
import { partNames, RunPartsMerger } from './run-parts.js'
import { SEGMENTS_FILE, type SegmentFacts, segmentLine } from './segments.js'
import { StartTime } from './start-time.js'
import { binCountOf, binSecondsOf, MAX_BINS } from './types.js'

/** A series that is smaller is read as fast as its roll-up. */
export const ROLLUP_FROM_BYTES: number = 8 << 20
/** Bins of 4,096 s at most: 97 days. */
const LEVELS = 13
/** Totals are added up from bins of 64 s: merging every second's sketches again would be half of the work. */
const TOTALS_LEVEL = 6
/** Thresholds whose stretches are kept; with more, the series is read for them. */
const MAX_OBJECTIVES = 100

export class RollupWriter {
  readonly #disk: Disk
  readonly #dir: string
  readonly #fromBytes: number
  readonly #bins: LoadBins
  readonly #levels: readonly Level[]
  readonly #totals = new EndpointTotals()
  readonly #parts = new RunPartsMerger()
  readonly #objectives: readonly (readonly [string, ObjectiveReader])[]
  readonly #start = new StartTime()
  readonly #segments: SegmentFacts[] = []
  #seriesBytes = 0
  #windows = 0
  #hasFolder = false
  #dead = false

  constructor(disk: Disk, recordDir: string, options: Readonly<Record<string, unknown>>, fromBytes: number) {
    this.#disk = disk
    this.#dir = join(recordDir, 'rollup')
    this.#fromBytes = fromBytes
    this.#bins = new LoadBins(1, (index, bin) => this.#closed(index, bin))
    const { names } = this.#bins
    this.#levels = Array.from({ length: LEVELS }, (_, i) => new Level(disk, this.#dir, 2 ** i, names))
    this.#objectives = objectivesIn(options)
      .slice(0, MAX_OBJECTIVES)
      .map((objective) => [objectiveKey(objective), new ObjectiveReader(objective)] as const)
  }

  /** Takes in a window as the series has it. Never throws, never waits. */
  add(window: SeriesWindow): void {
    this.#windows++
    if (this.#dead) return
    this.#bins.add(window)
    this.#parts.add(window)
    for (const [, reader] of this.#objectives) reader.add(window)
    this.#start.add(window)
    if (this.#bins.late > 0 || this.#parts.size > MAX_TOTALS) this.#dead = true
  }

  segment(facts: SegmentFacts): void {
    this.#segments.push(facts)
  }

  /** Writes what has come together. @param seriesBytes  that the series has taken so far, before compression */
  async flush(seriesBytes: number): Promise<void> {
    this.#seriesBytes = seriesBytes
    if (seriesBytes < this.#fromBytes || this.#dead) return
    await this.#trying(async () => {
      for (const level of this.#levels) if (level.waitingBytes >= WRITE_BYTES) await this.#write(level)
    })
  }

  async finish(durationNs: number): Promise<void> {
    const isSmall = this.#seriesBytes < this.#fromBytes
    if (!isSmall && !this.#dead) {
      await this.#trying(async () => {
        this.#bins.finish(binCountOf(durationNs, 1))
        for (const [i, level] of this.#levels.entries()) this.#handOn(i, level.takeOpen())
        const chosen = this.#levels.find(({ binS }) => binS === binSecondsOf(durationNs))
        if (chosen === undefined || this.#bins.late > 0) throw new Error('no level for this length')
        this.#addTotals(chosen, durationNs)
        await this.#write(chosen)
        await this.#disk.writeFile(join(this.#dir, SEGMENTS_FILE), Buffer.concat(this.#segments.map(segmentLine)))
        for (const level of this.#levels) await (level === chosen ? level.close() : level.drop())
      })
    }
    if (this.#dead) for (const level of this.#levels) await level.drop().catch(() => {})
  }

  #addTotals(level: Level, durationNs: number): void {
    this.#totals.totals().forEach((total, place) => {
      if (total !== undefined) level.push(endpointLine(place, total))
    })
    const parts = this.#parts.totals()
    for (const part of partNames) for (const total of parts[part]) level.push(partLine(part, total))
    for (const [key, reader] of this.#objectives) {
      const found = reader.parts()
      if (found !== undefined) level.push(objectiveLine(key, found))
    }
    const startUnixMs = this.#start.unixMs() ?? null
    level.push({ end: true, lines: level.lines + 1, windows: this.#windows, durationNs, startUnixMs })
  }

  #closed(index: number, bin: Bin): void {
    this.#levels[0]?.record(index, bin)
    this.#handOn(0, { index, bin })
  }

  /** A bin of level `from` is complete: it goes into that of the level above, which may be complete by it. */
  #handOn(from: number, closed: Closed | undefined): void {
    if (closed !== undefined && from === TOTALS_LEVEL) this.#totals.add(closed.bin)
    const level = this.#levels[from + 1]
    if (closed === undefined || level === undefined) return
    const index = closed.index >> 1
    if (level.openIndex !== undefined && level.openIndex !== index) this.#handOn(from + 1, level.takeOpen())
    level.take(index, closed.bin)
    if (closed.index % 2 === 1) this.#handOn(from + 1, level.takeOpen())
  }

  async #write(level: Level): Promise<void> {
    if (!this.#hasFolder) await this.#disk.mkdir(this.#dir)
    this.#hasFolder = true
    await level.write()
  }

  async #trying(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch {
      // The rows are in the series: readers take them from there.
      this.#dead = true
    }
  }
}

interface Closed {
  readonly index: number
  readonly bin: Bin
}

/** All bins of one length. */
class Level {
  readonly binS: number
  lines = 0
  waitingBytes = 0
  readonly #disk: Disk
  readonly #path: string
  readonly #names: LoadBins['names']
  #waiting: Buffer[] = []
  #open: Closed | undefined
  #endpointsTold = 1
  #failuresTold = 0
  #file: AppendFile | undefined
  #isOnDisk = false
  /** It has more bins than a reader would take. */
  #isFull = false

  constructor(disk: Disk, dir: string, binS: number, names: LoadBins['names']) {
    this.binS = binS
    this.#disk = disk
    this.#path = join(dir, `${binS}s.ndjson`)
    this.#names = names
    this.push({ format: ROLLUP_FORMAT, version: ROLLUP_VERSION, binS })
  }

  get openIndex(): number | undefined {
    return this.#open?.index
  }

  take(index: number, bin: Bin): void {
    if (this.#open === undefined) this.#open = { index, bin }
    else mergeBin(this.#open.bin, bin)
  }

  /** The open bin, complete now and recorded. */
  takeOpen(): Closed | undefined {
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) this.record(open.index, open.bin)
    return open
  }

  record(index: number, bin: Bin): void {
    if (index >= MAX_BINS) {
      this.#isFull = true
      this.#waiting = []
      this.waitingBytes = this.#isOnDisk ? WRITE_BYTES : 0
    }
    if (this.#isFull) return
    const { endpoints, failures } = this.#names
    const fresh = { endpoints: endpoints.slice(this.#endpointsTold), failures: failures.slice(this.#failuresTold) }
    this.#endpointsTold = endpoints.length
    this.#failuresTold = failures.length
    this.push(binLine(numbersOf(index, bin), fresh))
  }

  push(line: unknown): void {
    const bytes = toLine(line)
    this.#waiting.push(bytes)
    this.waitingBytes += bytes.length
    this.lines++
  }

  async write(): Promise<void> {
    if (this.#isFull) return this.drop()
    const data = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.waitingBytes = 0
    this.#isOnDisk = true
    this.#file ??= await this.#disk.append(this.#path)
    await this.#file.write(data)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async drop(): Promise<void> {
    this.#isFull = true
    this.#waiting = []
    this.waitingBytes = 0
    const wasThere = this.#isOnDisk
    this.#isOnDisk = false
    await this.close()
    if (wasThere) await this.#disk.remove(this.#path)
  }
}

/** Written in one go: a bin of a second has about 40 bytes an endpoint. */
const WRITE_BYTES = 256 << 10
