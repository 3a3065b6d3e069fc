import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Metric, WindowBatch } from '#metrics/types.js'
import type { Disk } from './disk.js'
import {
  DamagedLine,
  decodeFrame,
  decodeHead,
  decodeLine,
  type Frame,
  type FrameDictionary,
  type SeriesHead,
} from './frame.js'
import { linesOf } from './lines.js'
import { isAsWritten, type SegmentFacts } from './rollup/segments.js'
import type { Missing, WindowSpan } from './types.js'

/** One second of one worker: `batch` defines what no earlier window that was read has. */
export interface SeriesWindow extends WindowSpan {
  readonly batch: WindowBatch
  readonly source: string
}

/** What a pass over a series found wanting. */
export interface SeriesFindings {
  head: SeriesHead | undefined
  windows: number
  lastToNs: number
  /** Wall clock of the last window; 0 when there is none. */
  lastUnixMs: number
  readonly missing: Missing[]
  /** The very last line is not whole: a writer that still runs is about to end it. */
  tornEnd: Missing | undefined
}

/** Reads the files of one series in order; damaged parts are left out and said in `found`. */
export class SeriesReader {
  readonly #disk: Disk
  readonly #dir: string
  readonly #name: string

  /** @param name  of the series in messages: `series`, `observed/host` */
  constructor(disk: Disk, dir: string, name: string) {
    this.#disk = disk
    this.#dir = dir
    this.#name = name
  }

  /** @param passOver  files that are not unpacked as long as they are, to the bit, what their writer left */
  async *windows(
    found: SeriesFindings = noFindings(),
    passOver: ReadonlyMap<string, SegmentFacts> = new Map(),
  ): AsyncGenerator<SeriesWindow> {
    const report = new GapReport(this.#name, found)
    const told: Told = { metrics: new Map(), names: new Set(), tagSets: new Set() }
    for (const name of await this.#files()) {
      const facts = passOver.get(name)
      if (facts !== undefined && (await isAsWritten(this.#disk, join(this.#dir, name), facts))) {
        report.file(facts)
        continue
      }
      const known: FrameDictionary = { metrics: new Map(), tagSets: new Map() }
      let isHead = true
      try {
        for await (const { at, bytes, ended } of linesOf(this.#pieces(name))) {
          const where = `${name}, byte ${at}`
          try {
            if (bytes === undefined) throw new DamagedLine('the line is too long')
            report.torn = !ended
            if (!ended) throw new DamagedLine(TORN)
            const value = decodeLine(bytes)
            if (isHead) {
              isHead = false
              if (!('seq' in Object(value))) {
                found.head ??= decodeHead(value)
                continue
              }
            }
            const { frame, orphanRows } = decodeFrame(value, known)
            checkMetrics(frame, told)
            report.frame(frame, orphanRows)
            yield windowOf(frame, known, told)
          } catch (error) {
            if (!(error instanceof DamagedLine)) throw error
            report.damage(`${where}: ${error.message}`)
          }
        }
      } catch (error) {
        // What was compressed before the damage has been read.
        if (!isDamage(error)) throw error
        report.damage(`${name}: ${error.message}`)
      }
    }
    report.end()
  }

  async #files(): Promise<string[]> {
    const names = (await this.#disk.list(this.#dir)).filter((name) => /^\d{6}\.ndjson(?:\.gz)?$/.test(name))
    // The plain file is there until the compressed one is whole.
    return names.filter((name) => !name.endsWith('.gz') || !names.includes(name.slice(0, -3)))
  }

  async *#pieces(name: string): AsyncGenerator<Uint8Array> {
    // A writer under way may have compressed it since it was listed.
    const isThere = (await this.#disk.stat(join(this.#dir, name))) !== undefined
    const path = join(this.#dir, isThere ? name : `${name}.gz`)
    const pieces = this.#disk.read(path)
    yield* path.endsWith('.gz') ? unzipped(pieces) : pieces
  }
}

const TORN = 'the line is torn: writing ended in the middle of it'
/** Far more than a writer puts into one file: beyond it stands nothing but a bomb. */
const MAX_UNZIPPED_BYTES = 256 << 20

async function* unzipped(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0
  const gunzip = createGunzip()
  const source = Readable.from(pieces)
  source.once('error', (error) => gunzip.destroy(error))
  try {
    for await (const piece of source.pipe(gunzip)) {
      length += (piece as Buffer).length
      if (length > MAX_UNZIPPED_BYTES) throw new DamagedLine('it unpacks to more than a file of a series may hold')
      yield piece as Buffer
    }
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

/** The reader's own word, or zlib's (`Z_DATA_ERROR`, ...). */
function isDamage(error: unknown): error is Error {
  return error instanceof DamagedLine || String((error as { code?: unknown }).code).startsWith('Z_')
}

export function noFindings(): SeriesFindings {
  return { head: undefined, windows: 0, lastToNs: 0, lastUnixMs: 0, missing: [], tornEnd: undefined }
}

interface Told {
  readonly metrics: Map<number, Metric>
  readonly names: Set<string>
  readonly tagSets: Set<number>
}

/** One number is one metric in all files of a series, and one name is one number. */
function checkMetrics(frame: Frame, told: Told): void {
  for (const metric of frame.metrics) {
    const before = told.metrics.get(metric.id)
    const name = `${metric.own ? 'own ' : ''}${metric.name}`
    const same =
      before === undefined
        ? !told.names.has(name)
        : before.name === metric.name &&
          before.type === metric.type &&
          before.contains === metric.contains &&
          before.own === metric.own
    if (!same) throw new DamagedLine(`metric ${metric.id} or ${metric.name} is defined in two ways`)
  }
}

/** Every file repeats its definitions; a reader of all gets each once, even when a damaged line had the first. */
function windowOf(frame: Frame, known: FrameDictionary, told: Told): SeriesWindow {
  const metrics: Metric[] = []
  for (const { metric: id } of frame.rows) {
    const metric = told.metrics.has(id) ? undefined : known.metrics.get(id)
    if (metric === undefined) continue
    told.metrics.set(id, metric)
    told.names.add(`${metric.own ? 'own ' : ''}${metric.name}`)
    metrics.push(metric)
  }
  const tagSets = frame.rows.flatMap(({ tags: id }) => {
    const set = told.tagSets.has(id) ? undefined : known.tagSets.get(id)
    told.tagSets.add(id)
    return set === undefined ? [] : [set]
  })
  const { fromNs, toNs, unixMs, source, rows } = frame
  return { fromNs, toNs, unixMs, source, batch: { metrics, tagSets, rows } }
}

/** Turns damage and gaps in the numbering into sentences, few of them. */
class GapReport {
  readonly #name: string
  readonly #found: SeriesFindings
  #next = 0
  /** The line that is read now has no end. */
  torn = false
  #why: string | undefined
  #gaps = 0
  #lost = 0
  #orphans = 0

  constructor(name: string, found: SeriesFindings) {
    this.#name = name
    this.#found = found
  }

  frame(frame: Pick<Frame, 'seq' | 'fromNs' | 'toNs' | 'unixMs'>, orphanRows: number): void {
    const found = this.#found
    const lost = frame.seq - this.#next
    if (lost > 0) {
      const stretch = `${seconds(found.lastToNs)} to ${seconds(frame.fromNs)} of the run`
      this.#gap(`${this.#name}: ${lost} window${lost === 1 ? '' : 's'} (${stretch})`, this.#why ?? 'never written')
      this.#lost += lost
    } else if (this.#why !== undefined) this.#gap(`${this.#name}: a line that is no window`, this.#why)
    this.#why = undefined
    this.#next = Math.max(this.#next, frame.seq + 1)
    this.#orphans += orphanRows
    found.windows++
    found.lastToNs = Math.max(found.lastToNs, frame.toNs)
    found.lastUnixMs = Math.max(found.lastUnixMs, frame.unixMs)
  }

  /** A whole file, as if each of its windows had been read. */
  file({ firstSeq, lastSeq, fromNs, lastToNs, lastUnixMs }: SegmentFacts): void {
    this.frame({ seq: firstSeq, fromNs, toNs: lastToNs, unixMs: lastUnixMs }, 0)
    this.#next = Math.max(this.#next, lastSeq + 1)
    this.#found.windows += Math.max(0, lastSeq - firstSeq)
    this.torn = false
  }

  damage(why: string): void {
    this.#why ??= why
  }

  end(): void {
    const { missing, lastToNs } = this.#found
    if (this.#gaps > MAX_GAPS) {
      missing.push({
        what: `${this.#name}: ${this.#lost} windows in ${this.#gaps} gaps in all`,
        why: 'only the first gaps are listed',
      })
    }
    if (this.#orphans > 0) {
      missing.push({
        what: `${this.#name}: ${this.#orphans} rows`,
        why: 'their metric or tags were defined in a damaged line',
      })
    }
    if (this.#why === undefined) return
    const rest = { what: `${this.#name}: what came after ${seconds(lastToNs)} of the run`, why: this.#why }
    if (this.torn) this.#found.tornEnd = rest
    else missing.push(rest)
  }

  #gap(what: string, why: string): void {
    if (this.#gaps++ < MAX_GAPS) this.#found.missing.push({ what, why })
  }
}

const MAX_GAPS = 20

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(1)} s`
}
