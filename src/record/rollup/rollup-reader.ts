/** The digest that a run left of itself. Anything in it that is not as written makes it none: the series has the rows. */
import { join } from 'node:path'
import type { Disk } from '../disk.js'
import { DamagedLine, decodeLine, finite, object } from '../frame.js'
import { linesOf } from '../lines.js'
import type { SeriesTotal } from '../merger.js'
import { ColumnsBuilder } from './load-columns.js'
import type { Names } from './load-bins.js'
import {
  MAX_TOTALS,
  readBinLine,
  readEndpointLine,
  readObjectiveLine,
  readPartLine,
  ROLLUP_FORMAT,
  ROLLUP_VERSION,
} from './rollup-lines.js'
import { partNames } from './run-parts.js'
import {
  binCountOf,
  binSecondsOf,
  type LoadDigest,
  type ObjectiveParts,
  type RequestTotals,
  type RunParts,
} from './types.js'

/**
 * @param written  what `run.json` says of the run: the roll-up of another one is none
 * @returns undefined when there is none, or it is not whole
 */
export async function readRollup(
  disk: Disk,
  recordDir: string,
  written: { readonly windows: number; readonly durationNs: number },
): Promise<LoadDigest | undefined> {
  const path = join(recordDir, 'rollup', `${binSecondsOf(written.durationNs)}s.ndjson`)
  const facts = await disk.stat(path)
  if (facts === undefined || facts.bytes > MAX_FILE_BYTES) return undefined
  const reading = new Reading(written)
  try {
    for await (const { bytes, ended } of linesOf(disk.read(path), MAX_LINE_BYTES)) {
      if (bytes === undefined || !ended) return undefined
      reading.line(object(decodeLine(bytes), 'line'))
    }
    return reading.finish()
  } catch (error) {
    if (!(error instanceof DamagedLine)) throw error
    return undefined
  }
}

/** Far above 2,048 bins of 500 endpoints. */
const MAX_FILE_BYTES = 512 << 20
const MAX_LINE_BYTES = 16 << 20
const MAX_OBJECTIVES = 1000

class Reading {
  readonly #windows: number
  readonly #durationNs: number
  readonly #binS: number
  readonly #binCount: number
  readonly #builder: ColumnsBuilder
  readonly #names: Names = { endpoints: [''], failures: [] }
  readonly #totals: (RequestTotals | undefined)[] = []
  readonly #parts: Readonly<Record<keyof RunParts, SeriesTotal[]>> = {
    endpoints: [],
    scenarios: [],
    groups: [],
    failures: [],
    whole: [],
  }
  readonly #objectives = new Map<string, ObjectiveParts>()
  #lines = 0
  #lastBin = -1
  #end: { readonly startUnixMs: number | undefined } | undefined

  constructor({ windows, durationNs }: { readonly windows: number; readonly durationNs: number }) {
    this.#windows = windows
    this.#durationNs = durationNs
    this.#binS = binSecondsOf(durationNs)
    this.#binCount = binCountOf(durationNs, this.#binS)
    this.#builder = new ColumnsBuilder(this.#binS, this.#binCount)
  }

  line(raw: Record<string, unknown>): void {
    if (this.#end !== undefined) throw new DamagedLine('a line behind the last')
    if (this.#lines++ === 0) this.#head(raw)
    else if ('bin' in raw) this.#bin(raw)
    else if ('endpoint' in raw) {
      const { place, total } = readEndpointLine(raw, this.#names)
      this.#totals[place] = total
    } else if ('part' in raw) {
      const { part, total } = readPartLine(raw)
      this.#parts[part].push(total)
      if (partNames.reduce((sum, name) => sum + this.#parts[name].length, 0) > MAX_TOTALS)
        throw new DamagedLine('more totals than a roll-up has')
    } else if ('objective' in raw) {
      const { key, parts } = readObjectiveLine(raw)
      if (this.#objectives.size >= MAX_OBJECTIVES) throw new DamagedLine('more objectives than a roll-up has')
      this.#objectives.set(key, parts)
    } else this.#last(raw)
  }

  finish(): LoadDigest | undefined {
    if (this.#end === undefined) return undefined
    return {
      binS: this.#binS,
      binCount: this.#binCount,
      ...this.#builder.finish(this.#names, this.#totals),
      parts: this.#parts,
      objectives: this.#objectives,
      startUnixMs: this.#end.startUnixMs,
    }
  }

  #head(raw: Record<string, unknown>): void {
    if (raw['format'] !== ROLLUP_FORMAT || raw['version'] !== ROLLUP_VERSION || raw['binS'] !== this.#binS)
      throw new DamagedLine('not the head of a roll-up')
  }

  #bin(raw: Record<string, unknown>): void {
    const bin = readBinLine(raw, this.#binCount, this.#names)
    if (bin.index <= this.#lastBin) throw new DamagedLine('a bin out of order')
    this.#lastBin = bin.index
    this.#builder.add(bin)
  }

  #last(raw: Record<string, unknown>): void {
    const isOfRun =
      raw['end'] === true &&
      raw['lines'] === this.#lines &&
      raw['windows'] === this.#windows &&
      raw['durationNs'] === this.#durationNs
    if (!isOfRun) throw new DamagedLine('the roll-up of another run, or not the whole of it')
    const start = raw['startUnixMs']
    this.#end = { startUnixMs: start === null ? undefined : finite(start, 'start') }
  }
}
